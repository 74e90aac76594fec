/* thread.h: what a native worker's thread is made of. What it runs: worker.h; how it is left in the
 * middle: stop.h.
 */
#ifndef CZ_THREAD_H
#define CZ_THREAD_H

#include <pthread.h>
#include <setjmp.h>

#include "lane.h"

struct cz__forker;

struct cz__thread {
    CZ_ALIGNED struct cz__worker worker; /* its cache is written once per task */
    struct cz__sleep *sleep;
    bool apart;    /* it is none of the lane's ordinary workers, and not in its sleep */
    bool relieves; /* and parks until it is called for (relief.h) */
    struct cz_pool *pool;
    pthread_t thread;

    /* Stopping (stop.h). `landing` is where the handler jumps to; `running` and the rest
     * tell the worker then what it was at; `inside` is not NULL only within code that may be
     * left; `target` is written by the stopper. */
    sigjmp_buf landing;
    struct cz_record *running;
    bool in_long;
    int64_t chunk_begin, chunk_end;

    /* For calls that its runs fork (fork.h); NULL before the first. */
    _Atomic(struct cz__forker *) forker;
    uintptr_t stack_base; /* an address at the bottom of its stack */

    /* What it has taken of a bundle and not begun: member to member_end. NULL: nothing. */
    struct cz__bundle *bundle;
    uint32_t member, member_end;

    /* Where malloc serves this thread from: CZ__NO_ARENA is the arena that it began with,
     * whose number is `first_arena`. Changed when the next task has another one, and before
     * the thread sleeps. */
    uint32_t arena, first_arena;
    uint32_t turns; /* looks at an entry that its push has not published yet */

    /* Bytes that malloc has given to this thread and got from it, where that is counted, else
     * NULL; and what the difference was when the present run or chunk began. */
    const uint64_t *allocated, *freed;
    uint64_t held_before;
    _Atomic(struct cz_record *) inside;
    CZ_ALIGNED _Atomic(struct cz_record *) target;
};

/* Bytes that the thread has got and not given back, 0 where that is not counted. */
static inline uint64_t cz__held(const struct cz__thread *thread)
{
    return thread->allocated ? *thread->allocated - *thread->freed : 0;
}

#endif
