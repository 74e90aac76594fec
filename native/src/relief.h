/* relief.h: further workers, one per level of a lane, for entries that wait too long.
 *
 * A level has a target time from submission to start. An entry that has been at the head of
 * its queue for half of that time, since every ordinary worker is inside a task or waits for
 * a processor, gets the level's relief worker: the clock wakes it (clock.h). It takes one entry of
 * its level or of a more urgent one, goes on while what it ran was short and nobody else is there
 * to look at the queues, and parks again. In the native lane CRITICAL has the reserved worker
 * instead, and is relieved by HIGH's when that one is busy; in the Python lane the relief worker of
 * CRITICAL is the reserved one: a push wakes it.
 *
 * Nothing relies on relief workers: they are on no look-out, and what was announced to an
 * ordinary worker stays announced to it.
 */
#ifndef CZ_RELIEF_H
#define CZ_RELIEF_H

#include "catzilla_jit.h"
#include "sleep.h"

struct cz_lane;
struct cz__thread;

struct cz__relief {
    /* constant after create */
    bool on;
    /* the clock thread only */
    struct cz__waiting {
        uint64_t head;  /* entries taken off the level until the last look */
        uint64_t since; /* ticks: since when its head waits; 0: it is empty */
    } level[CZ_LEVELS];

    _Atomic(uint32_t) present; /* bits of the levels that have a relief worker */
    _Atomic(uint32_t) wanted;  /* bits of those that the caller is to start one for */
    struct cz__sleep sleep[CZ_LEVELS];
};

/* On the clock: wake, or ask for, the relief workers that are due. True: entries are queued. */
bool cz__relief_look(struct cz_lane *lane, uint64_t now);
/* Whether a relief worker that has run a task for so long goes on. */
bool cz__relief_goes_on(const struct cz_lane *lane, unsigned level, uint64_t ticks);
/* The life of a native one: cz__worker_main's. */
void cz__relief_serve(struct cz__thread *thread);
bool cz__relief_park(struct cz__thread *thread);

#endif
