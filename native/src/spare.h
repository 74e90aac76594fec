/* spare.h: memory of large arrays that were let go of, kept a moment for the next ones.
 *
 * malloc gives such memory back to the system when an array is let go of, and every page of the
 * next one costs a fault: four times what most computations on the page take. A task that returns
 * an array, or has one of its own, would spend its time there. In a process on jemalloc, which
 * keeps memory itself, nothing is kept here.
 *
 * What is kept is bounded, and what nobody has taken for a second is freed by a pool's clock
 * (native/README.md, "Spare memory").
 */
#ifndef CZ_SPARE_H
#define CZ_SPARE_H

#include <stdint.h>

#include "bell.h"

enum { CZ__SPARE_SMALLEST = 32768 /* bytes of an array */, CZ__SPARE_SLOTS = 64 };
#define CZ__SPARE_MOST ((uint64_t)256 << 20)       /* bytes */
#define CZ__SPARE_AGE_NS ((int64_t)1000 * 1000000) /* kept so long */

/* A clock begins, and ends: only while there is one memory is kept. */
void cz__spare_begin(struct cz__bell *bell);
void cz__spare_end(struct cz__bell *bell);
/* The clock's: free what is too old. When it wants to be called again, in ns; -1: not before it
 * rings. */
int64_t cz__spare_look(uint64_t now);

#endif
