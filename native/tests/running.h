/* running.h: one pool that runs, with its native lane and a cache, for files whose tests all have
 * one. When it is torn down its timers are over, and every record is home.
 */
#ifndef RUNNING_H
#define RUNNING_H

#include "check.h"
#include "pool.h"

static struct cz_pool *pool;
static struct cz_lane *lane;
static struct cz_cache *cache;

static inline void set_up_with(const struct cz_pool_options *options)
{
    CHECK(cz_pool_create(options, &pool) == 0);
    lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    CHECK((cache = cz_cache_create(pool)));
    gate_init(&entered);
    gate_init(&leave);
}

static inline void set_up(uint32_t workers, uint64_t queue_size)
{
    struct cz_pool_options options = pool_options(workers, queue_size);
    set_up_with(&options);
}

static inline void tear_down(void)
{
    uint64_t bytes, blocks;
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, 60LL * SECOND_NS) == 0);
    CHECK(pool->extras.timers.count == 0);
    cz_cache_destroy(cache);
    cz_pool_memory(pool, &bytes, &blocks);
    CHECK(blocks == 0);
    pool_stop(pool);
}

static inline struct cz_type *named_type(cz_entry entry, const char *name)
{
    struct cz_type *type = call_type(pool, entry);
    cz_type_account(type, cz_pool_account(pool, CZ_LANE_NATIVE, name));
    return type;
}

static inline void run(const struct cz_type *type, uint32_t level, int times)
{
    for (int i = 0; i < times; i++) {
        struct cz_record *record = call_push(lane, cache, type, NULL, level);
        CHECK(cz_record_wait(record, -1) == 0);
        cz_record_drop(cache, record);
    }
}

/* Sums over the meters, as a reader does it. */
static inline uint64_t counted(const struct cz_type *type, enum cz_count what)
{
    struct cz__stats *stats = pool->stats;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < stats->meters_most; i++)
        if (atomic_load(&stats->blocks[i].ledgers[type->account]))
            sum += atomic_load(&cz__ledger_of(&stats->meters[i], type->account)->counts[what]);
    return sum;
}

static inline int32_t succeed(void *payload, void **error)
{
    (void)payload, (void)error;
    return 0;
}

/* An entry that returns its argument as its status. */
static inline int32_t give_argument(void *payload, void **error)
{
    (void)error;
    return (int32_t)(intptr_t)((struct call *)payload)->argument;
}

static inline struct cz_record *next_mail(uint32_t *reasons)
{
    struct cz_record *record;
    while ((record = cz_mail_take(pool, reasons)) == NULL)
        cz_mail_wait(pool, -1);
    return record;
}

#endif
