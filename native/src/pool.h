/* pool.h: the native workers, the reserved CRITICAL worker, and the two lanes.
 *
 * A pool's life: create, close, join, destroy (native/README.md, "Shutdown").
 */
#ifndef CZ_POOL_H
#define CZ_POOL_H

#include <pthread.h>
#include <setjmp.h>

#include "alloc.h"
#include "clock.h"
#include "extra.h"
#include "lane.h"
#include "stats.h"

struct cz__thread {
    CZ_ALIGNED struct cz__worker worker; /* its cache is written once per task */
    struct cz__sleep *sleep;
    struct cz_pool *pool;
    pthread_t thread;

    /* Stopping (stop.h). `landing` is where the handler jumps to; `running` and the rest
     * tell the worker then what it was at; `inside` is not NULL only within code that may be
     * left; `target` is written by the stopper. */
    sigjmp_buf landing;
    struct cz_record *running;
    bool in_long;
    int64_t chunk_begin, chunk_end;

    /* Where malloc serves this thread from: CZ__NO_ARENA is the arena that it began with,
     * whose number is `first_arena`. Changed when the next task has another one, and before
     * the thread sleeps. */
    uint32_t arena, first_arena;

    /* Bytes that malloc has given to this thread and got from it, where that is counted, else
     * NULL; and what the difference was when the present run or chunk began. */
    const uint64_t *allocated, *freed;
    uint64_t held_before;
    _Atomic(struct cz_record *) inside;
    CZ_ALIGNED _Atomic(struct cz_record *) target;
};

struct cz_pool {
    struct cz__depot depot;
    struct cz_lane native, python;
    struct cz__sleep reserved;
    struct cz__clock clock;
    struct cz__stats *stats; /* NULL: the pool goes without */
    struct cz__extras extras;
    uint32_t workers;           /* without the reserved one */
    struct cz__thread *threads; /* workers + 1, the last is the reserved one */
    uint32_t started;           /* threads that were started */
    _Atomic(uint32_t) alive;    /* threads that have not ended; join sleeps on it */
    pthread_mutex_t join_lock;  /* guards joined */
    bool joined;
    _Atomic(uint32_t) stops_all; /* once 1, a stop signal is meant for whatever runs (stop.h) */
    pthread_mutex_t types_lock;  /* guards types */
    struct cz_type *types;
    /* The arenas of types; new ones are put in front under types_lock, none goes. */
    _Atomic(struct cz_arena *) arenas;
    _Atomic(uint64_t) left; /* bytes that stopped runs had allocated; its workers add */
    bool counts_left;       /* constant after create */
};

/* Held for records, handed out of it, and in how many blocks; all of the pool. */
struct cz__memory {
    uint64_t bytes, used, blocks;
};
struct cz__memory cz__pool_memory(struct cz_pool *pool);

static inline uint64_t cz__held(const struct cz__thread *thread)
{
    return thread->allocated ? *thread->allocated - *thread->freed : 0;
}

#endif
