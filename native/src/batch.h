/* batch.h: one call per index of a range, worked off in chunks.
 *
 * A batch stands in its level's queue as tickets, at most one per worker. A worker that
 * takes a ticket takes chunks off the batch's cursor until the range is handed out; if
 * anything else waits in the lane after a chunk, it puts the ticket back at the end of
 * its level, so single tasks and other batches of the level get their turn, and more
 * urgent ones wait for one chunk at most. The first ticket is pushed by the submitter, the
 * others by workers once the rest is known to be worth it.
 */
#ifndef CZ_BATCH_H
#define CZ_BATCH_H

#include "lane.h"

struct cz__thread;

/* Serve the ticket until its batch is handed out or something else waits. */
void cz__batch_serve(struct cz__thread *thread, struct cz_record *ticket);
/* A chunk of the ticket's batch was left in the middle (stop.h). */
void cz__batch_stopped(struct cz__thread *thread, struct cz_record *ticket);
/* The ticket was taken off the queue for good: stop the batch. */
void cz__batch_abandon(struct cz_record *ticket);

#endif
