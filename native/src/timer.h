/* timer.h: what the clock thread does at a time, for records that have an extra.
 *
 * Each extra has at most one timer, in a binary heap by due time. ENQUEUE puts the record into
 * its lane (delay.h); LIMIT is the end of its time limit; STOP tries to stop it and comes again
 * until the record has ended (limit.h). All of this with extras->lock held, but cz__timers_fire.
 */
#ifndef CZ_TIMER_H
#define CZ_TIMER_H

#include "extra.h"

struct cz_pool;

/* False when out of memory. The caller rings the clock if that sleeps (cz__timer_ring). */
bool cz__timer_arm(struct cz__extras *extras, struct cz__extra *extra, enum cz__purpose purpose,
                   uint64_t due);
void cz__timer_disarm(struct cz__extras *extras, struct cz__extra *extra);
/* Have room for one more timer; false when out of memory. */
bool cz__timer_room(struct cz__extras *extras);
/* An armed timer is due at once. Of the others only those above it in the heap move. */
void cz__timer_hasten(struct cz__extras *extras, struct cz__extra *extra);
/* Wake the clock if this timer is due first. */
void cz__timer_ring(struct cz_pool *pool, const struct cz__extra *extra);

/* The clock thread: do what is due. Ticks until the next timer, or UINT64_MAX. */
uint64_t cz__timers_fire(struct cz_pool *pool, uint64_t now);

#endif
