#include "depots.h"

#include <string.h>

#include "pool.h"

bool cz__depots_close(struct cz_pool *pool)
{
    uint64_t out = cz__depot_close(&pool->depot);
    struct cz_arena *arena = cz__load_acquire(&pool->arenas);
    cz__arena_give_back(pool->depot.arena);
    for (; arena; arena = arena->next) {
        out += cz__depot_close(&arena->depot);
        cz__arena_give_back(arena->depot.arena);
    }
    return out == 0;
}

void cz__depots_free(struct cz_pool *pool)
{
    struct cz_arena *arena = cz__load_acquire(&pool->arenas);
    while (arena) {
        struct cz_arena *next = arena->next;
        pool->depot.release(arena);
        arena = next;
    }
}

static void add_depot(struct cz__memory *memory, struct cz__depot *depot)
{
    pthread_mutex_lock(&depot->lock);
    memory->used += depot->bytes_out;
    memory->blocks += depot->blocks_out;
    pthread_mutex_unlock(&depot->lock);
}

struct cz__memory cz__pool_memory(struct cz_pool *pool)
{
    struct cz__memory memory = {0};
    struct cz_arena *arena = cz__load_acquire(&pool->arenas);
    add_depot(&memory, &pool->depot);
    for (; arena; arena = arena->next)
        add_depot(&memory, &arena->depot);
    memory.bytes = cz__load_relaxed(&pool->depot.budget->bytes);
    return memory;
}

void cz_pool_memory(struct cz_pool *pool, uint64_t *bytes, uint64_t *blocks)
{
    struct cz__memory memory = cz__pool_memory(pool);
    *bytes = memory.bytes;
    *blocks = memory.blocks;
}

uint64_t cz_pool_left(const struct cz_pool *pool)
{
    return pool->counts_left ? cz__load_relaxed(&pool->left) : UINT64_MAX;
}

static struct cz_arena *find_arena(struct cz_pool *pool, const char *name)
{
    struct cz_arena *arena = cz__load_acquire(&pool->arenas);
    while (arena && strcmp(arena->name, name))
        arena = arena->next;
    return arena;
}

static struct cz_arena *make_arena(struct cz_pool *pool, const char *name)
{
    size_t length = strlen(name) + 1;
    uint32_t number = pool->depot.arena == CZ__NO_ARENA ? CZ__NO_ARENA : cz__arena_take();
    struct cz_arena *arena;
    if (number == CZ__NO_ARENA)
        return NULL;
    arena = cz__zalloc(&pool->depot, sizeof *arena + length);
    if (arena == NULL) {
        cz__arena_give_back(number);
        return NULL;
    }
    cz__depot_init_arena(&arena->depot, &pool->depot, number);
    memcpy(arena->name, name, length);
    arena->next = cz__load_relaxed(&pool->arenas);
    cz__store_release(&pool->arenas, arena);
    return arena;
}

struct cz_arena *cz_pool_arena(struct cz_pool *pool, const char *name)
{
    struct cz_arena *arena;
    pthread_mutex_lock(&pool->types_lock);
    arena = find_arena(pool, name);
    if (arena == NULL)
        arena = make_arena(pool, name);
    pthread_mutex_unlock(&pool->types_lock);
    return arena;
}

uint32_t cz_arena_number(struct cz_pool *pool, const struct cz_arena *arena)
{
    return arena ? arena->depot.arena : pool->depot.arena;
}

struct cz_cache *cz_cache_create(struct cz_pool *pool)
{
    struct cz_cache *cache = cz__zalloc(&pool->depot, sizeof *cache);
    if (cache)
        cz__cache_init(cache, &pool->depot);
    return cache;
}

void cz_cache_destroy(struct cz_cache *cache)
{
    void (*release)(void *) = cache->depot->release;
    cz__cache_flush(cache);
    release(cache);
}
