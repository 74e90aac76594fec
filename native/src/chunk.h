/* chunk.h: what a worker does with the ticket of a batch: take chunks off it, run and count them.
 *
 * How long a chunk is follows from what the items before it cost, and so does whether another
 * worker is called in.
 */
#ifndef CZ_CHUNK_H
#define CZ_CHUNK_H

#include "batch.h"

/* Serve the ticket until its batch is handed out or something else waits. */
void cz__chunk_serve(struct cz__thread *thread, struct cz_record *ticket);
/* Count the chunk that the thread was at, of which nobody knows how far it came. */
void cz__chunk_left(struct cz_batch *batch, struct cz__thread *thread);

#endif
