#include "record.h"

#include <assert.h>

#include "extra.h"

static_assert(sizeof(struct cz_record) == 64, "header and prefix leave 32 bytes of 128");

uint64_t cz__type_mean(const struct cz_type *type)
{
    return cz__load_relaxed(&type->mean);
}

void cz__type_measure(const struct cz_type *type, uint64_t ticks)
{
    _Atomic(uint64_t) *mean = (_Atomic(uint64_t) *)&type->mean;
    uint64_t old = cz__load_relaxed(mean);
    int64_t off = (int64_t)(ticks - old);
    /* Noise of a quarter, or of a hundred ticks, is not worth moving a cache line. */
    if (off > (int64_t)(old / 4) + 100 || -off > (int64_t)(old / 4) + 100 || old == 0)
        cz__store_relaxed(mean, old ? (uint64_t)((int64_t)old + off / 4) | 1 : ticks | 1);
}

void *cz_payload(struct cz_record *record)
{
    return record + 1;
}

static void *block_of(struct cz_record *record)
{
    return (char *)record - CZ_PREFIX;
}

struct cz_record *cz_record_new(struct cz_cache *cache, const struct cz_type *type)
{
    char *block = type->arena ? cz__depot_get(&type->arena->depot, type->class_index)
                              : cz__block_get(cache, type->class_index);
    struct cz_record *record;
    if (block == NULL)
        return NULL;
    record = (struct cz_record *)(void *)(block + CZ_PREFIX);
    cz__store_relaxed(&record->state, CZ_PENDING | CZ_HANDLE | CZ_POOL);
    record->status = 0;
    record->type = type;
    record->error = NULL;
    record->retries = 0;
    record->queued_at = 0;
    record->started_at = 0;
    record->finished_at = 0;
    return record;
}

void cz_record_free(struct cz_cache *cache, struct cz_record *record)
{
    const struct cz_type *type = record->type;
    cz_record_forget(record);
    if (type->arena)
        cz__depot_put(&type->arena->depot, type->class_index, block_of(record));
    else
        cz__block_put(cache, type->class_index, block_of(record));
}

void cz_record_drop(struct cz_cache *cache, struct cz_record *record)
{
    /* Acquire: the runner's last writes come before the block's next use. */
    if (!(cz__and_acqrel(&record->state, ~(uint32_t)CZ_HANDLE) & CZ_POOL))
        cz_record_free(cache, record);
}

void cz_record_forget(struct cz_record *record)
{
    if (cz__load_acquire(&record->state) & CZ_EXTRA)
        cz__extra_forget(record);
}

int cz_record_start(struct cz_record *record)
{
    uint32_t state = cz__load_acquire(&record->state);
    while (cz__phase(state) == CZ_PENDING)
        if (cz__cas_acqrel(&record->state, &state, (state & ~(uint32_t)CZ_PHASE) | CZ_RUNNING))
            return 1;
    return 0;
}

void cz_record_release(struct cz_cache *cache, struct cz_record *record)
{
    if (!(cz__and_acqrel(&record->state, ~(uint32_t)CZ_POOL) & CZ_HANDLE))
        cz_record_free(cache, record);
}

uint32_t cz_arena_enter(const struct cz_type *type)
{
    uint32_t arena = cz__type_arena(type);
    return arena == CZ__NO_ARENA ? CZ__NO_ARENA : cz__arena_enter(arena);
}

void cz_arena_leave(uint32_t before)
{
    if (before != CZ__NO_ARENA)
        cz__arena_enter(before);
}
