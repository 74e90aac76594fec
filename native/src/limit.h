/* limit.h: when a run is to end: its time limit, or that somebody asks for it.
 *
 * Both are timers, so that the clock thread does the stopping (stop.h), again and again until
 * the record has ended. What cannot be left in the middle is posted to the binding (mail.h) when
 * its time is over.
 */
#ifndef CZ_LIMIT_H
#define CZ_LIMIT_H

#include "extra.h"

struct cz_pool;

/* Around a run: arm the time limit; no timer and no stop request may reach it any more. */
void cz__limit_begins(struct cz_record *record);
void cz__limit_ended(struct cz_record *record);
/* The timer of a delay is over, and was in the way of the limit of a run that a waiter began
 * meanwhile; extras->lock held. */
void cz__limit_begins_late(struct cz__extras *extras, struct cz__extra *extra, uint64_t now);
/* cz_record_stop for what is running, not before so many ns. */
int cz__record_stop_after(struct cz_record *record, uint32_t why, int64_t delay_ns);
/* The time to stop it has come; the clock thread, with extras->lock held. */
void cz__limit_due(struct cz_pool *pool, struct cz__extra *extra, uint64_t now);

#endif
