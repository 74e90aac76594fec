/* timer.h: what the clock thread does at a time, for records that have an extra.
 *
 * Each extra has at most one timer, in a heap by due time (heap.h). ENQUEUE puts the record into
 * its lane (delay.h); LIMIT is the end of its time limit; STOP tries to stop it and comes again
 * until the record has ended (limit.h). All of this with extras->lock held.
 */
#ifndef CZ_TIMER_H
#define CZ_TIMER_H

#include "extra.h"

struct cz__bell;

/* Instead of the timer it has. The caller rings if the clock may sleep past it (cz__timer_ring). */
void cz__timer_arm(struct cz__extras *extras, struct cz__extra *extra, enum cz__purpose purpose,
                   uint64_t due);
void cz__timer_disarm(struct cz__extras *extras, struct cz__extra *extra);
/* Wake the clock if this timer is due first. */
void cz__timer_ring(struct cz__bell *bell, const struct cz__extras *extras,
                    const struct cz__extra *extra);
/* The timer that is due first, or NULL. */
struct cz__extra *cz__timer_first(const struct cz__extras *extras);

#endif
