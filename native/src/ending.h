/* ending.h: how a record ends: its run, a cancel, an abandonment, and who is told.
 *
 * record.h has what a record is; here is each way to a final phase, and the wait for one.
 */
#ifndef CZ_ENDING_H
#define CZ_ENDING_H

#include "record.h"

/* cz_record_cancel for what waits for its timer; the caller has locked the extras. 1 if this
 * call did it. */
unsigned cz__record_cancel_delayed(struct cz_record *record);
/* RUNNING -> phase, and let go of the pool's hold; wakes sleepers. The block is freed
 * to `cache` if no handle is left. The caller must not touch the record afterwards. */
void cz__record_end(struct cz_cache *cache, struct cz_record *record, uint32_t phase);
/* The same after its entry has returned: how that ends the record, its status says. */
void cz__record_ran(struct cz_cache *cache, struct cz_record *record);
/* What cz_record_run runs on this thread, or NULL. */
const struct cz_record *cz__record_inside(void);

#endif
