/* region.h: where slabs come from when nobody says otherwise.
 *
 * A slab from malloc stays with the process when it is freed: malloc returns only what
 * lies at the end of its heap, and aligning to 64 KiB leaves a hole beside each slab. So
 * slabs are cut from regions of 4 MiB that are mapped for them alone. Of the free slabs of
 * a process CZ__KEPT_MOST keep their memory, for the next burst; the memory of the others
 * goes back to the system at once, and a region without a slab in use is unmapped.
 */
#ifndef CZ_REGION_H
#define CZ_REGION_H

#include <stddef.h>
#include <stdint.h>

#include "alloc.h"

enum {
    CZ__REGION_BYTES = 64 * CZ__SLAB_BYTES,
    CZ__KEPT_MOST = 2048, /* 128 MiB: some 900,000 small records */
};

/* A slab, aligned to its size; its contents are undefined. NULL: out of memory. Any thread,
 * also in the child of a fork. */
void *cz__region_allocate(void);
/* A slab of cz__region_allocate. */
void cz__region_release(void *slab);

/* For tests: how many regions are mapped, and how many free slabs have kept their memory. */
void cz__region_count(uint64_t *regions, uint64_t *kept);

#endif
