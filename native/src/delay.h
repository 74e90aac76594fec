/* delay.h: calls that are queued later: delays, retries, and promised ones that find no room.
 *
 * The lane owes each of them a push (lane.h), so it does not end before their time has come.
 * A cancelled one is due at once: it is pushed, and whoever pops it lets go of it.
 */
#ifndef CZ_DELAY_H
#define CZ_DELAY_H

#include "extra.h"

/* Its timer, if it waits for one to be pushed, is due now. */
void cz__delay_hurry(struct cz_record *record);
/* Cancel what waits for its time to be pushed, and push it now; how many. */
uint64_t cz__delays_cancel(struct cz__extras *extras);
/* cz_pool_delayed. */
uint64_t cz__delays_waiting(struct cz__extras *extras, void **owners, uint64_t room,
                            uint64_t *retrying);
/* Its time has come; the clock thread, with extras->lock held. */
void cz__delay_over(struct cz__extras *extras, struct cz__extra *extra, uint64_t now);

#endif
