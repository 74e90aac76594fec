/* stop.h: ending a compiled task that runs, without its consent.
 *
 * The stopper (the clock thread, holding extras->lock) names the record in its worker's
 * `target` and sends that thread a private real-time signal. The handler runs on the
 * worker: if the named record is the one it is inside of, and the interrupted instruction
 * lies in code made at run time (or in libm, whose functions hold nothing), it jumps back
 * to the worker's loop, which ends the record. Otherwise (an allocation, the runtime's own
 * code) it does nothing, and the stopper comes again. A worker clears its target, under the
 * same lock, before the record's final phase, so a late signal finds nothing to do.
 */
#ifndef CZ_STOP_H
#define CZ_STOP_H

#include <stdbool.h>

#include "catzilla_jit.h"

struct cz_pool;
struct cz__thread;

/* Take a free real-time signal for the process, and open the list of its mappings. */
void cz__stop_setup(void);
/* Whether runs can be left at all: not without a signal, /proc, or a descriptor for it. */
bool cz__stop_possible(void);
/* The calling thread is this worker from now on, and takes the signal. */
void cz__stop_adopt(struct cz__thread *thread);
/* Stop what every worker is inside of, now and whenever it is called again, without naming
 * records: a handler takes pool->stops_all, which stays set, for its own name. Returns how many
 * were inside something. No thread may have been joined. */
uint32_t cz__stop_all(struct cz_pool *pool);
/* extras->lock held. */
void cz__stop_try(struct cz_pool *pool, struct cz_record *record);
void cz__stop_forget(struct cz_pool *pool, struct cz_record *record);

#endif
