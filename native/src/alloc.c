#include "alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "region.h"

/* The first cache line of a slab; its blocks follow. */
struct cz__slab {
    struct cz__slab *next, **link; /* in depot->partial; link NULL: not in the list */
    void *free;                    /* blocks that are home */
    uint32_t home;                 /* how many */
    uint32_t cut;                  /* blocks cut so far: the rest is untouched memory */
    uint32_t capacity;
    uint32_t class_index;
};
static_assert(sizeof(struct cz__slab) <= CZ__BLOCK_MIN, "the slab header is one cache line");

static void *next_block(void *block)
{
    void *next;
    memcpy(&next, block, sizeof next);
    return next;
}

static void set_next_block(void *block, void *next)
{
    memcpy(block, &next, sizeof next);
}

static size_t block_bytes(unsigned class_index)
{
    return (size_t)CZ__BLOCK_MIN << class_index;
}

void cz__depot_init(struct cz__depot *depot, void *(*allocate)(size_t, size_t),
                    void (*release)(void *), uint64_t limit)
{
    memset(depot, 0, sizeof *depot);
    depot->allocate = allocate ? allocate : aligned_alloc;
    depot->release = release ? release : free;
    depot->budget = &depot->own;
    depot->own.limit = limit;
    depot->arena = CZ__NO_ARENA;
    depot->regions = allocate == NULL;
    pthread_mutex_init(&depot->lock, NULL);
}

void cz__depot_init_arena(struct cz__depot *depot, struct cz__depot *pools, uint32_t arena)
{
    cz__depot_init(depot, pools->allocate, pools->release, 0);
    depot->budget = pools->budget;
    depot->pools = pools;
    depot->arena = arena;
}

static bool spend(struct cz__budget *budget)
{
    uint64_t held = cz__load_relaxed(&budget->bytes);
    do
        if (budget->limit && held + CZ__SLAB_BYTES > budget->limit)
            return false;
    while (!cz__cas_acqrel(&budget->bytes, &held, held + CZ__SLAB_BYTES));
    return true;
}

static void release_slab(struct cz__depot *depot, struct cz__slab *slab)
{
    if (depot->regions && depot->arena == CZ__NO_ARENA)
        cz__region_release(slab);
    else
        depot->release(slab);
    cz__sub_acqrel(&depot->budget->bytes, CZ__SLAB_BYTES);
}

static struct cz__slab *allocate_slab(struct cz__depot *depot)
{
    if (depot->arena != CZ__NO_ARENA)
        return cz__arena_allocate(depot->arena, CZ__SLAB_BYTES, CZ__SLAB_BYTES);
    if (depot->regions)
        return cz__region_allocate();
    return depot->allocate(CZ__SLAB_BYTES, CZ__SLAB_BYTES);
}

static void link_slab(struct cz__depot *depot, struct cz__slab *slab)
{
    struct cz__slab **head = &depot->partial[slab->class_index];
    slab->next = *head;
    if (slab->next)
        slab->next->link = &slab->next;
    slab->link = head;
    *head = slab;
}

static void unlink_slab(struct cz__slab *slab)
{
    *slab->link = slab->next;
    if (slab->next)
        slab->next->link = slab->link;
    slab->link = NULL;
}

static bool drop_a_spare(struct cz__depot *depot)
{
    for (unsigned i = 0; i < CZ__CLASSES; i++)
        if (depot->spare[i]) {
            release_slab(depot, depot->spare[i]);
            depot->spare[i] = NULL;
            return true;
        }
    return false;
}

/* Spares count, but hold nothing. An arena's depot keeps none where there is a limit. */
static bool drop_any_spare(struct cz__depot *depot)
{
    bool dropped;
    if (drop_a_spare(depot))
        return true;
    if (depot->pools == NULL)
        return false;
    pthread_mutex_lock(&depot->pools->lock);
    dropped = drop_a_spare(depot->pools);
    pthread_mutex_unlock(&depot->pools->lock);
    return dropped;
}

static struct cz__slab *new_slab(struct cz__depot *depot, unsigned class_index)
{
    struct cz__slab *slab = depot->spare[class_index];
    if (slab) {
        depot->spare[class_index] = NULL;
    } else {
        while (!spend(depot->budget))
            if (!drop_any_spare(depot))
                return NULL;
        slab = allocate_slab(depot);
        if (slab == NULL) {
            cz__sub_acqrel(&depot->budget->bytes, CZ__SLAB_BYTES);
            return NULL;
        }
        memset(slab, 0, sizeof *slab);
        slab->class_index = class_index;
        slab->capacity = (uint32_t)((CZ__SLAB_BYTES - block_bytes(0)) / block_bytes(class_index));
    }
    link_slab(depot, slab);
    return slab;
}

static void retire_slab(struct cz__depot *depot, struct cz__slab *slab)
{
    unlink_slab(slab);
    if (depot->spare[slab->class_index] || (depot->pools && depot->budget->limit))
        release_slab(depot, slab);
    else
        depot->spare[slab->class_index] = slab;
}

static int has_block(const struct cz__slab *slab)
{
    return slab->free != NULL || slab->cut < slab->capacity;
}

static void *take_block(struct cz__slab *slab)
{
    void *block = slab->free;
    if (block) {
        slab->free = next_block(block);
        slab->home--;
    } else {
        block = (char *)slab + block_bytes(0) + slab->cut++ * block_bytes(slab->class_index);
    }
    return block;
}

static struct cz__slab *slab_of(void *block)
{
    return (struct cz__slab *)((uintptr_t)block & ~(uintptr_t)(CZ__SLAB_BYTES - 1));
}

static void return_block(struct cz__depot *depot, void *block)
{
    struct cz__slab *slab = slab_of(block);
    set_next_block(block, slab->free);
    slab->free = block;
    slab->home++;
    if (slab->link == NULL)
        link_slab(depot, slab);
    if (slab->home == slab->cut)
        retire_slab(depot, slab);
}

uint64_t cz__depot_close(struct cz__depot *depot)
{
    uint64_t out;
    pthread_mutex_lock(&depot->lock);
    while (drop_a_spare(depot))
        continue;
    out = depot->blocks_out;
    pthread_mutex_unlock(&depot->lock);
    if (out == 0)
        pthread_mutex_destroy(&depot->lock);
    return out;
}

void cz__cache_init(struct cz_cache *cache, struct cz__depot *depot)
{
    memset(cache, 0, sizeof *cache);
    cache->depot = depot;
}

static void push_free(struct cz__free_list *list, void *block)
{
    set_next_block(block, list->first);
    list->first = block;
    list->count++;
}

static void *pop_free(struct cz__free_list *list)
{
    void *block = list->first;
    list->first = next_block(block);
    list->count--;
    return block;
}

/* depot->lock held. */
static void *hand_out(struct cz__depot *depot, unsigned class_index)
{
    struct cz__slab *slab = depot->partial[class_index];
    void *block;
    if (slab == NULL && (slab = new_slab(depot, class_index)) == NULL)
        return NULL;
    block = take_block(slab);
    depot->blocks_out++;
    depot->bytes_out += block_bytes(class_index);
    if (!has_block(slab))
        unlink_slab(slab);
    return block;
}

/* depot->lock held. */
static void take_back(struct cz__depot *depot, unsigned class_index, void *block)
{
    return_block(depot, block);
    depot->blocks_out--;
    depot->bytes_out -= block_bytes(class_index);
}

void *cz__depot_get(struct cz__depot *depot, unsigned class_index)
{
    void *block;
    pthread_mutex_lock(&depot->lock);
    block = hand_out(depot, class_index);
    pthread_mutex_unlock(&depot->lock);
    return block;
}

void cz__depot_put(struct cz__depot *depot, unsigned class_index, void *block)
{
    pthread_mutex_lock(&depot->lock);
    take_back(depot, class_index, block);
    pthread_mutex_unlock(&depot->lock);
}

static void refill(struct cz_cache *cache, unsigned class_index)
{
    struct cz__depot *depot = cache->depot;
    struct cz__free_list *list = &cache->lists[class_index];
    pthread_mutex_lock(&depot->lock);
    while (list->count < CZ__TRADE) {
        void *block = hand_out(depot, class_index);
        if (block == NULL)
            break;
        push_free(list, block);
    }
    pthread_mutex_unlock(&depot->lock);
}

static void give_back(struct cz_cache *cache, unsigned class_index, uint32_t keep)
{
    struct cz__depot *depot = cache->depot;
    struct cz__free_list *list = &cache->lists[class_index];
    pthread_mutex_lock(&depot->lock);
    while (list->count > keep)
        take_back(depot, class_index, pop_free(list));
    pthread_mutex_unlock(&depot->lock);
}

void cz__cache_flush(struct cz_cache *cache)
{
    for (unsigned i = 0; i < CZ__CLASSES; i++)
        if (cache->lists[i].count)
            give_back(cache, i, 0);
}

int cz__class_of(size_t bytes)
{
    for (int i = 0; i < CZ__CLASSES; i++)
        if (bytes <= block_bytes((unsigned)i))
            return i;
    return -1;
}

void *cz__block_get(struct cz_cache *cache, unsigned class_index)
{
    struct cz__free_list *list = &cache->lists[class_index];
    void *block;
    if (list->first == NULL) {
        refill(cache, class_index);
        if (list->first == NULL)
            return NULL;
    }
    block = pop_free(list);
    /* The next call takes the next block, which with some hundred thousand others in use is
     * in no near cache any more. */
    __builtin_prefetch(list->first);
    __builtin_prefetch((char *)list->first + CZ_CACHE_LINE);
    return block;
}

void cz__block_put(struct cz_cache *cache, unsigned class_index, void *block)
{
    struct cz__free_list *list = &cache->lists[class_index];
    push_free(list, block);
    /* A whole trade stays behind, so that a user who alternates does not trade each time. */
    if (list->count >= 3 * CZ__TRADE)
        give_back(cache, class_index, 2 * CZ__TRADE);
}

void *cz__zalloc(const struct cz__depot *depot, size_t bytes)
{
    size_t rounded = (bytes + CZ_CACHE_LINE - 1) & ~(size_t)(CZ_CACHE_LINE - 1);
    void *memory = depot->allocate(CZ_CACHE_LINE, rounded);
    if (memory)
        memset(memory, 0, rounded);
    return memory;
}
