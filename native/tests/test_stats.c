/* Statistics: what has ended is counted, once, and seen by whoever has seen the end. */
#include "check.h"

#include <sys/mman.h>
#include <unistd.h>

#include "pool.h"

static struct cz_pool *pool;
static struct cz_lane *lane;
static struct cz_cache *cache;

static void set_up(uint32_t workers)
{
    pool = pool_start(workers, 4096);
    lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    CHECK((cache = cz_cache_create(pool)));
}

static void tear_down(void)
{
    cz_cache_destroy(cache);
    pool_stop(pool);
}

static struct cz_type *named_type(cz_entry entry, const char *name)
{
    struct cz_type *type = call_type(pool, entry);
    cz_type_account(type, cz_pool_account(pool, CZ_LANE_NATIVE, name));
    return type;
}

/* Summed over the meters, as any reader does. */
static uint64_t counted(uint32_t account, enum cz_count what)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < pool->stats->meters_most; i++) {
        uint32_t line = atomic_load(&pool->stats->blocks[i].ledgers[account]);
        char *place = pool->stats->base + (uint64_t)line * CZ_CACHE_LINE;
        if (line)
            sum += atomic_load(&((struct cz__ledger *)(void *)place)->counts[what]);
    }
    return sum;
}

/* Returns its argument as its status. */
static int32_t entry(void *payload, void **error)
{
    (void)error;
    return (int32_t)(intptr_t)((struct call *)payload)->argument;
}

static void test_buckets_hold_what_they_say(void)
{
    uint64_t rng = 13;
    for (unsigned bucket = 0; bucket + 1 < CZ__BUCKETS; bucket++) {
        uint64_t low = cz__bucket_low(bucket), next = cz__bucket_low(bucket + 1);
        CHECK(low < next && cz__bucket(low) == bucket && cz__bucket(next - 1) == bucket);
        CHECK(bucket < 64 || (next - low) * 32 <= low);
    }
    for (int i = 0; i < 100000; i++) {
        uint64_t ticks = draw(&rng) >> draw(&rng) % 64;
        CHECK(cz__bucket(ticks) < CZ__BUCKETS);
        CHECK(cz__bucket_low(cz__bucket(ticks)) <= ticks);
    }
}

static void test_an_end_is_counted_before_it_is_seen(void)
{
    struct cz_type *type;
    uint64_t completed = 0, failed = 0;
    set_up(2);
    type = named_type(entry, "a");
    for (intptr_t i = 0; i < 3000; i++) {
        struct cz_record *record =
            call_push(lane, cache, type, (void *)(i % 3), (uint32_t)i % CZ_LEVELS);
        CHECK(cz_record_wait(record, -1) == 0);
        completed += i % 3 == 0;
        failed += i % 3 != 0;
        CHECK(counted(type->account, CZ_COUNT_COMPLETED) == completed);
        CHECK(counted(type->account, CZ_COUNT_FAILED) == failed);
        cz_record_drop(cache, record);
    }
    CHECK(counted(0, CZ_COUNT_COMPLETED) == 0);
    tear_down();
}

static void test_every_call_ends_in_one_counter(void)
{
    enum { CALLS = 5000 };
    struct cz_type *type;
    uint64_t sum = 0, cancelled = 0;
    uint32_t account;
    set_up(2);
    type = named_type(entry, "b");
    account = type->account;
    for (intptr_t i = 0; i < CALLS; i++) {
        struct cz_record *record = call_new(cache, type, (void *)(i % 2));
        while (cz_lane_push(lane, record, CZ_LOW))
            CHECK(cz_lane_wait_space(lane, CZ_LOW, -1) == 0);
        if (i % 4 == 0)
            cancelled += (uint64_t)cz_record_cancel(record);
        cz_record_drop(cache, record);
    }
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, -1) == 0);
    for (unsigned what = CZ_COUNT_COMPLETED; what <= CZ_COUNT_TIMED_OUT; what++)
        sum += counted(account, what);
    CHECK(sum == CALLS && counted(account, CZ_COUNT_CANCELLED) == cancelled);
    tear_down();
}

static int32_t chunk(const struct cz_span *spans, int64_t inner, int64_t begin, int64_t end,
                     int64_t *failed, void **error)
{
    (void)spans, (void)inner, (void)error;
    for (int64_t i = begin; i < end; i++)
        if (i % 10 == 9) {
            *failed = i;
            return 1;
        }
    return 0;
}

static void test_items_of_a_batch_count_as_calls(void)
{
    struct cz_span span = {NULL, 0, 0};
    struct cz_batch *batch;
    uint32_t account;
    set_up(2);
    account = cz_pool_account(pool, CZ_LANE_NATIVE, "c");
    CHECK(cz_batch_submit(lane, chunk, &span, 1, 1, 1000, 7, CZ_NORMAL, CZ_BATCH_COLLECT, account,
                          NULL, &batch) == 0);
    CHECK(cz_batch_wait(batch, -1) == 0);
    CHECK(counted(account, CZ_COUNT_COMPLETED) == 900);
    CHECK(counted(account, CZ_COUNT_FAILED) == 100);
    cz_batch_drop(batch);
    tear_down();
}

static void test_accounts_are_found_by_lane_and_name(void)
{
    char name[300];
    uint32_t first, second = 0;
    set_up(1);
    first = cz_pool_account(pool, CZ_LANE_NATIVE, "same");
    CHECK(first > 1 && cz_pool_account(pool, CZ_LANE_NATIVE, "same") == first);
    CHECK(cz_pool_account(pool, CZ_LANE_PYTHON, "same") != first);
    memset(name, 'x', sizeof name);
    name[299] = 0;
    CHECK(cz_pool_account(pool, CZ_LANE_NATIVE, name) > 1); /* cut, not refused */
    for (int i = 0; i < 2 * CZ__ACCOUNTS; i++) {
        snprintf(name, sizeof name, "task %d", i);
        second = cz_pool_account(pool, CZ_LANE_PYTHON, name);
        CHECK(second < CZ__ACCOUNTS);
    }
    CHECK(second == 1); /* none left: with the unnamed of that lane */
    CHECK(cz_pool_account(pool, CZ_LANE_NATIVE, "same") == first);
    tear_down();
}

static void test_segment_can_be_read_and_not_written_by_others(void)
{
    const void *segment;
    uint64_t bytes;
    void *map;
    set_up(1);
    CHECK(cz_pool_stats(pool, &segment, &bytes) == 1);
    CHECK(memcmp(segment, "czstats\n", 8) == 0);
    if (pool->stats->fd >= 0) { /* else this system has no memfd */
        map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, pool->stats->fd, 0);
        CHECK(map != MAP_FAILED && memcmp(map, segment, 64) == 0);
        CHECK(munmap(map, bytes) == 0);
        CHECK(ftruncate(pool->stats->fd, 0) != 0);
    }
    tear_down();
}

static void test_pool_may_go_without(void)
{
    struct cz_pool_options options = pool_options(1, 4);
    const void *segment;
    uint64_t bytes;
    struct cz_record *record;
    struct cz_type *type;
    options.without_stats = 1;
    CHECK(cz_pool_create(&options, &pool) == 0);
    lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    CHECK((cache = cz_cache_create(pool)));
    CHECK(cz_pool_stats(pool, &segment, &bytes) == 0);
    CHECK(cz_pool_account(pool, CZ_LANE_PYTHON, "x") == 1);
    type = named_type(entry, "x");
    cz_type_count(type, CZ_COUNT_RERUN, 1);
    record = call_push(lane, cache, type, NULL, CZ_HIGH);
    CHECK(cz_record_wait(record, -1) == 0);
    cz_record_drop(cache, record);
    tear_down();
}

int main(void)
{
    RUN(test_buckets_hold_what_they_say);
    RUN(test_an_end_is_counted_before_it_is_seen);
    RUN(test_every_call_ends_in_one_counter);
    RUN(test_items_of_a_batch_count_as_calls);
    RUN(test_accounts_are_found_by_lane_and_name);
    RUN(test_segment_can_be_read_and_not_written_by_others);
    RUN(test_pool_may_go_without);
    return 0;
}
