/* clock.h: the thread that looks after what no event announces.
 *
 * It fires the timers (timer.h) when they are due, and it watches the lanes.
 * Once a millisecond, while there is anything to look after, it checks every lane: if
 * entries are queued, none was taken since the last look, and a worker sleeps, it wakes
 * one. That is the case of a look-out worker stuck in a task that used to be short. With
 * nothing queued it dozes until a push that relied on a look-out worker calls attend.
 * It also takes the samples of the statistics, awake or dozing, until one shows an idle
 * pool; a worker that wakes calls stir.
 */
#ifndef CZ_CLOCK_H
#define CZ_CLOCK_H

#include <pthread.h>
#include <stdint.h>

#include "atomic.h"

struct cz_lane;
struct cz_pool;

enum { CZ__CLOCK_LANES = 2 };
/* Dozing, the lanes need no look. Deeply, nothing is at work either: no samples. */
enum cz__doze { CZ__AWAKE, CZ__DOZING, CZ__DOZING_DEEPLY };

struct cz__clock {
    /* constant after start */
    pthread_t thread;
    struct cz_pool *pool;
    struct cz_lane *lanes[CZ__CLOCK_LANES];
    /* the clock thread only */
    uint64_t taken[CZ__CLOCK_LANES]; /* entries taken off each lane until the last look */
    uint32_t patient_after;          /* quiet samples, after which it dozes without limit */

    CZ_ALIGNED _Atomic(uint32_t) dozing; /* enum cz__doze; whoever clears it rings */
    _Atomic(uint32_t) bell;              /* counts rings; the thread sleeps on it */
    _Atomic(uint32_t) stopping;
};

int cz__clock_start(struct cz_pool *pool);
void cz__clock_stop(struct cz__clock *clock);
void cz__clock_wake(struct cz__clock *clock);
/* End its sleep: a timer is due earlier than all before. */
void cz__clock_ring(struct cz__clock *clock);

/* A push relies on a worker that is on the look-out while others sleep. */
static inline void cz__clock_attend(struct cz__clock *clock)
{
    if (cz__load_seqcst(&clock->dozing))
        cz__clock_wake(clock);
}

/* A worker has been woken: there will be something to sample. */
static inline void cz__clock_stir(struct cz__clock *clock)
{
    if (cz__load_seqcst(&clock->dozing) == CZ__DOZING_DEEPLY)
        cz__clock_wake(clock);
}

#endif
