/* region.c: see region.h. A region begins with its header, in the place of the first of
 * its 64 slabs; which of the others are free is one word.
 */
#include "region.h"

#include <assert.h>
#include <pthread.h>

#include "os.h"

struct region {
    struct region *next, **link; /* in all.open; link NULL: no slab is free */
    uint64_t free;               /* a bit per slab */
    uint64_t kept;               /* of these, those that have memory */
};

static const uint64_t ALL_FREE = ~UINT64_C(1); /* all but the header's */

static struct {
    pthread_mutex_t lock; /* guards everything here, and every region */
    struct region *open;  /* those with a free slab */
    uint64_t regions, kept;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void before_fork(void)
{
    pthread_mutex_lock(&all.lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&all.lock);
}

__attribute__((constructor)) static void guard_forks(void)
{
    pthread_atfork(before_fork, after_fork, after_fork);
}

static void open_region(struct region *region)
{
    region->next = all.open;
    region->link = &all.open;
    if (region->next)
        region->next->link = &region->next;
    all.open = region;
}

static void close_region(struct region *region)
{
    *region->link = region->next;
    if (region->next)
        region->next->link = region->link;
    region->link = NULL;
}

static struct region *new_region(void)
{
    struct region *region = cz__os_map(CZ__REGION_BYTES);
    if (region == NULL)
        return NULL;
    *region = (struct region){.free = ALL_FREE};
    all.regions++;
    open_region(region);
    return region;
}

static void unmap_region(struct region *region)
{
    all.kept -= (uint64_t)__builtin_popcountll(region->kept);
    all.regions--;
    close_region(region);
    cz__os_unmap(region, CZ__REGION_BYTES);
}

void *cz__region_allocate(void)
{
    struct region *region;
    void *slab = NULL;
    pthread_mutex_lock(&all.lock);
    region = all.open ? all.open : new_region();
    if (region) {
        int index = __builtin_ctzll(region->kept ? region->kept : region->free);
        uint64_t bit = UINT64_C(1) << index;
        all.kept -= (region->kept & bit) != 0;
        region->kept &= ~bit;
        region->free &= ~bit;
        if (region->free == 0)
            close_region(region);
        slab = (char *)region + (size_t)index * CZ__SLAB_BYTES;
    }
    pthread_mutex_unlock(&all.lock);
    return slab;
}

void cz__region_release(void *slab)
{
    uintptr_t offset = (uintptr_t)slab & (CZ__REGION_BYTES - 1);
    struct region *region = (struct region *)((uintptr_t)slab - offset);
    uint64_t bit = UINT64_C(1) << (offset / CZ__SLAB_BYTES);
    pthread_mutex_lock(&all.lock);
    assert(offset && (region->free & bit) == 0);
    if (region->link == NULL)
        open_region(region);
    region->free |= bit;
    if (all.kept < CZ__KEPT_MOST) {
        region->kept |= bit;
        all.kept++;
    } else if (region->free != ALL_FREE) {
        cz__os_empty(slab, CZ__SLAB_BYTES);
    } else {
        unmap_region(region);
    }
    pthread_mutex_unlock(&all.lock);
}

void cz__region_count(uint64_t *regions, uint64_t *kept)
{
    pthread_mutex_lock(&all.lock);
    *regions = all.regions;
    *kept = all.kept;
    pthread_mutex_unlock(&all.lock);
}
