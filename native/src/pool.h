/* pool.h: start and stop: the native workers, the reserved CRITICAL worker, the two lanes.
 *
 * A pool's life: create, close, join, destroy (native/README.md, "Shutdown").
 */
#ifndef CZ_POOL_H
#define CZ_POOL_H

#include <pthread.h>

#include "alloc.h"
#include "clock.h"
#include "extra.h"
#include "lane.h"
#include "stats.h"
#include "thread.h"

struct cz_pool {
    struct cz__depot depot;
    struct cz_lane native, python;
    struct cz__sleep reserved;
    struct cz__clock clock;
    struct cz__stats *stats; /* NULL: the pool goes without */
    struct cz__extras extras;
    uint32_t workers;           /* without the reserved one */
    struct cz__thread *threads; /* the workers, the reserved one, those for relief from HIGH on */
    uint32_t threads_most;      /* how many there are of them; constant after create */
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

#endif
