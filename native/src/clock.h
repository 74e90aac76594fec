/* clock.h: the thread that looks after what no event announces.
 *
 * Once a millisecond, while there is anything to look after, it checks every lane: if
 * entries are queued, none was taken since the last look, and a worker sleeps, it wakes
 * one. That is the case of a look-out worker stuck in a task that used to be short. With
 * nothing queued it dozes until a push that relied on a look-out worker calls attend.
 */
#ifndef CZ_CLOCK_H
#define CZ_CLOCK_H

#include <pthread.h>
#include <stdint.h>

#include "atomic.h"

struct cz_lane;

enum { CZ__CLOCK_LANES = 2 };

struct cz__clock {
    /* constant after start */
    pthread_t thread;
    struct cz_lane *lanes[CZ__CLOCK_LANES];
    /* the clock thread only */
    uint64_t taken[CZ__CLOCK_LANES]; /* entries taken off each lane until the last look */

    CZ_ALIGNED _Atomic(uint32_t) dozing; /* 1: asleep without limit; whoever clears it wakes */
    _Atomic(uint32_t) stopping;
};

int cz__clock_start(struct cz__clock *clock, struct cz_lane *first, struct cz_lane *second);
void cz__clock_stop(struct cz__clock *clock);
void cz__clock_wake(struct cz__clock *clock);

/* A push relies on a worker that is on the look-out while others sleep. */
static inline void cz__clock_attend(struct cz__clock *clock)
{
    if (cz__load_seqcst(&clock->dozing))
        cz__clock_wake(clock);
}

#endif
