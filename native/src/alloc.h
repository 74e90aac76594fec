/* alloc.h: blocks for records.
 *
 * Three layers. A slab is 64 KiB, aligned to its size, cut into blocks of one size
 * class (1, 2, 4 ... 32 cache lines). The depot, one per pool, owns the slabs behind a
 * mutex. A cache holds free blocks for one user at a time and trades them with the
 * depot CZ__TRADE at a time, so the mutex is taken once in that many calls. A slab
 * whose blocks are all home goes back to the allocator, but for one spare per class.
 *
 * Where the process runs on jemalloc a depot's slabs lie in an arena of its own. A cz_arena
 * is a further depot of the pool, for the types that ask for one; it is used without
 * caches, and shares the limit.
 */
#ifndef CZ_ALLOC_H
#define CZ_ALLOC_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catzilla_jit.h"
#include "atomic.h"

enum {
    CZ__CLASSES = 6,
    CZ__BLOCK_MIN = 64,
    CZ__BLOCK_MAX = CZ__BLOCK_MIN << (CZ__CLASSES - 1),
    CZ__SLAB_BYTES = 65536,
    CZ__TRADE = 64, /* blocks per trade with the depot */
};

struct cz__slab;

/* What the slabs of a pool may take together. */
struct cz__budget {
    uint64_t limit;          /* constant after create; bytes, 0 = none */
    _Atomic(uint64_t) bytes; /* of slabs */
};

struct cz__depot {
    /* constant after create */
    void *(*allocate)(size_t alignment, size_t bytes);
    void (*release)(void *memory);
    struct cz__budget *budget; /* its own, or its pool's */
    struct cz__depot *pools;   /* of an arena: the pool's depot, else NULL */
    uint32_t arena;            /* of its slabs, or CZ__NO_ARENA */
    bool regions;              /* without an arena, slabs come from region.h */
    struct cz__budget own;
    /* guarded by lock */
    pthread_mutex_t lock;
    struct cz__slab *partial[CZ__CLASSES]; /* slabs with a free block */
    struct cz__slab *spare[CZ__CLASSES];   /* at most one slab with all blocks free */
    uint64_t blocks_out;                   /* blocks in caches or in use */
    uint64_t bytes_out;                    /* of these blocks */
};

struct cz__free_list {
    void *first; /* linked through the first word of each block */
    uint32_t count;
};

/* Of the types of one name. */
struct cz_arena {
    struct cz__depot depot;
    struct cz_arena *next; /* the pool's list */
    char name[];
};

struct cz_cache {
    struct cz__depot *depot;
    struct cz__free_list lists[CZ__CLASSES];
};

void cz__depot_init(struct cz__depot *depot, void *(*allocate)(size_t, size_t),
                    void (*release)(void *), uint64_t limit);
/* A further depot of the pool whose depot this is. */
void cz__depot_init_arena(struct cz__depot *depot, struct cz__depot *pools, uint32_t arena);
/* Free the slabs that are wholly home; those with blocks out stay (their owner may
 * still read them). Returns the number of blocks out. */
uint64_t cz__depot_close(struct cz__depot *depot);
/* Without a cache in between. NULL when out of memory or at the limit. */
void *cz__depot_get(struct cz__depot *depot, unsigned class_index);
void cz__depot_put(struct cz__depot *depot, unsigned class_index, void *block);

void cz__cache_init(struct cz_cache *cache, struct cz__depot *depot);
void cz__cache_flush(struct cz_cache *cache);
/* The class for a block of so many bytes, or -1 when it is over CZ__BLOCK_MAX. */
int cz__class_of(size_t bytes);
void *cz__block_get(struct cz_cache *cache, unsigned class_index);
void cz__block_put(struct cz_cache *cache, unsigned class_index, void *block);

/* Memory for the pool's own structures, zeroed, aligned to a cache line; from the
 * depot's `allocate`, outside the limit. */
void *cz__zalloc(const struct cz__depot *depot, size_t bytes);

#endif
