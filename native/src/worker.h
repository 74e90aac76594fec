/* worker.h: the loop of a native worker: ordinary, reserved for CRITICAL, or for relief.
 *
 * Pick, serve, and when there is nothing left: poll, sleep, or end with the lane. A task that was
 * left in the middle (stop.h) comes back into the loop by a jump. Started by the pool, which
 * joins it.
 */
#ifndef CZ_WORKER_H
#define CZ_WORKER_H

#include "thread.h"

/* Claim and run what was picked. */
void cz__worker_serve(struct cz__thread *thread, struct cz_record *record);
/* What the thread runs; the argument is its cz__thread. */
void *cz__worker_main(void *argument);

/* Run a record that was claimed and end it; `start`: now, in ticks. Returns when its entry has
 * returned, in ticks. */
uint64_t cz__worker_run(struct cz__thread *thread, struct cz_record *record, uint64_t start);

#endif
