/* clock.h: the thread that looks after what no event announces.
 *
 * It does what the timers (timer.h) ask for when they are due, and it watches the lanes.
 * Once a millisecond, while there is anything to look after, it checks every lane: if
 * entries are queued, none was taken since the last look, and a worker sleeps, it wakes
 * one. That is the case of a look-out worker stuck in a task that used to be short. Entries
 * that wait while no worker looks get a relief worker in time (relief.h). With
 * nothing queued it dozes until a push that relies on a look-out worker rings (bell.h).
 * It also takes the samples of the statistics, awake or dozing, until one shows an idle
 * pool; then a worker that wakes rings.
 */
#ifndef CZ_CLOCK_H
#define CZ_CLOCK_H

#include <pthread.h>
#include <stdint.h>

#include "atomic.h"
#include "bell.h"

struct cz_lane;
struct cz_pool;

enum { CZ__CLOCK_LANES = 2 };

struct cz__clock {
    /* constant after start */
    pthread_t thread;
    struct cz_pool *pool;
    struct cz_lane *lanes[CZ__CLOCK_LANES];
    /* the clock thread only */
    uint64_t taken[CZ__CLOCK_LANES]; /* entries taken off each lane until the last look */
    uint32_t patient_after;          /* quiet samples, after which it dozes without limit */

    struct cz__bell bell;
    _Atomic(uint32_t) stopping;
};

int cz__clock_start(struct cz_pool *pool);
void cz__clock_stop(struct cz__clock *clock);

#endif
