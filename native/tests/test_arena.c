/* Arenas: whose memory lies where, on a stand-in for jemalloc. */
#include "arena_stand_in.h"

#include "pool.h"

static struct cz_pool *start(uint64_t limit)
{
    struct cz_pool_options options = pool_options(1, 100);
    struct cz_pool *pool;
    options.allocate = NULL;
    options.release = NULL;
    options.memory_limit = limit;
    CHECK(cz_pool_create(&options, &pool) == 0);
    return pool;
}

static void stop(struct cz_pool *pool, struct cz_cache *cache)
{
    if (cache)
        cz_cache_destroy(cache);
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, -1) == 0);
    cz_pool_destroy(pool);
}

static int32_t look(void *payload, void **error)
{
    (void)error;
    ((struct call *)payload)->result = here;
    return 0;
}

static int64_t run(struct cz_pool *pool, struct cz_cache *cache, const struct cz_type *type)
{
    struct cz_lane *lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    struct cz_record *record = call_push(lane, cache, type, NULL, CZ_NORMAL);
    int64_t result;
    CHECK(cz_record_wait(record, -1) == 0);
    result = call_of(record)->result;
    cz_record_drop(cache, record);
    return result;
}

static void test_records_lie_in_the_pool_s_arena_or_their_type_s(void)
{
    struct cz_pool *pool = start(0);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_type *plain = call_type(pool, look), *own = call_type(pool, look);
    struct cz_arena *arena = cz_pool_arena(pool, "own");
    struct cz_record *one, *two;
    CHECK(arena && cz_pool_arena(pool, "own") == arena && cz_pool_arena(pool, "other") != arena);
    cz_type_arena(own, arena);
    one = cz_record_new(cache, plain);
    two = cz_record_new(cache, own);
    CHECK(arena_of(one) == cz_arena_number(pool, NULL));
    CHECK(arena_of(two) == cz_arena_number(pool, arena));
    CHECK(arena_of(one) != arena_of(two));
    cz_record_free(cache, one);
    cz_record_free(cache, two);
    stop(pool, cache);
}

static void test_a_run_allocates_in_its_type_s_arena(void)
{
    struct cz_pool *pool = start(0);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_type *plain = call_type(pool, look), *own = call_type(pool, look);
    struct cz_arena *arena = cz_pool_arena(pool, "own");
    cz_type_arena(own, arena);
    for (int i = 0; i < 50; i++) {
        CHECK(run(pool, cache, plain) == 0);
        CHECK(run(pool, cache, own) == cz_arena_number(pool, arena));
    }
    stop(pool, cache);
}

static void test_a_waiter_runs_in_the_arena_and_comes_back(void)
{
    struct cz_pool *pool = start(0);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_type *own = call_type(pool, look);
    struct cz_arena *arena = cz_pool_arena(pool, "own");
    struct cz_record *record;
    cz_type_arena(own, arena);
    here = 1;
    record = call_new(cache, own, NULL);
    CHECK(cz_record_start(record));
    cz_record_run(record);
    CHECK(call_of(record)->result == cz_arena_number(pool, arena) && here == 1);
    cz_record_drop(cache, record);
    here = 0;
    stop(pool, cache);
}

static void test_enter_and_leave_nest(void)
{
    struct cz_pool *pool = start(0);
    struct cz_type *plain = call_type(pool, look), *a = call_type(pool, look),
                   *b = call_type(pool, look);
    uint32_t first, second, third;
    cz_type_arena(a, cz_pool_arena(pool, "a"));
    cz_type_arena(b, cz_pool_arena(pool, "b"));
    first = cz_arena_enter(a);
    second = cz_arena_enter(plain); /* allocates where the one around it does */
    third = cz_arena_enter(b);
    CHECK(here == cz_arena_number(pool, cz_pool_arena(pool, "b")));
    cz_arena_leave(third);
    cz_arena_leave(second);
    CHECK(here == cz_arena_number(pool, cz_pool_arena(pool, "a")));
    cz_arena_leave(first);
    CHECK(here == 0);
    stop(pool, NULL);
}

static int32_t look_chunk(const struct cz_span *spans, int64_t inner, int64_t begin, int64_t end,
                          int64_t *failed, void **error)
{
    (void)inner;
    (void)failed;
    (void)error;
    for (int64_t i = begin; i < end; i++)
        ((unsigned *)(void *)spans->base)[i] = here;
    return 0;
}

static void test_a_batch_allocates_in_its_arena(void)
{
    enum { LENGTH = 100 };
    struct cz_pool *pool = start(0);
    struct cz_lane *lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    struct cz_arena *arena = cz_pool_arena(pool, "own");
    unsigned where[LENGTH];
    struct cz_span span = {(char *)where, sizeof where[0], sizeof where[0]};
    struct cz_batch *batch;
    CHECK(cz_batch_submit(lane, look_chunk, &span, 1, 1, LENGTH, 7, CZ_NORMAL, 0, 0, arena,
                          &batch) == 0);
    CHECK(cz_batch_wait(batch, -1) == 0);
    for (int i = 0; i < LENGTH; i++)
        CHECK(where[i] == cz_arena_number(pool, arena));
    cz_batch_drop(batch);
    stop(pool, NULL);
}

static void test_arenas_of_ended_pools_are_used_again(void)
{
    unsigned before = atomic_load(&made);
    struct cz_pool *pool = start(0);
    uint32_t own = cz_arena_number(pool, cz_pool_arena(pool, "own"));
    CHECK(atomic_load(&made) == before); /* of the tests above */
    stop(pool, NULL);
    pool = start(0);
    CHECK(cz_arena_number(pool, cz_pool_arena(pool, "another")) == own);
    stop(pool, NULL);
    CHECK(atomic_load(&made) == before);
}

static void test_an_arena_that_is_not_empty_is_used_again_last(void)
{
    unsigned before = atomic_load(&made);
    struct cz_pool *pool;
    for (unsigned i = FIRST; i < before; i++)
        atomic_store(&allocated[i], 100 + i);
    pool = start(0);
    CHECK(cz_arena_number(pool, NULL) == before); /* a new one */
    stop(pool, NULL);
    while (atomic_load(&made) < FIRST + 8) {
        atomic_store(&allocated[atomic_load(&made) - 1], 100 + atomic_load(&made) - 1);
        stop(start(0), NULL);
    }
    atomic_store(&allocated[FIRST + 7], 1000);
    pool = start(0);
    CHECK(cz_arena_number(pool, NULL) == FIRST); /* the least full */
    stop(pool, NULL);
    for (unsigned i = 0; i < MOST_ARENAS; i++)
        atomic_store(&allocated[i], 0);
}

static void test_an_arena_counts_against_the_pool_s_limit(void)
{
    struct cz_pool *pool = start(2 * CZ__SLAB_BYTES);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_type *plain = call_type(pool, look), *own = call_type(pool, look);
    struct cz_record *records[2000], *record;
    uint64_t bytes, blocks;
    int count = 0, again = 0;
    cz_type_arena(own, cz_pool_arena(pool, "own"));
    record = cz_record_new(cache, plain);
    while ((records[count] = cz_record_new(cache, own)))
        count++;
    CHECK(count > 0);
    cz_pool_memory(pool, &bytes, &blocks);
    CHECK(bytes == 2 * CZ__SLAB_BYTES && blocks > (uint64_t)count);
    for (int i = 0; i < count; i++)
        cz_record_free(cache, records[i]);
    cz_record_free(cache, record);
    cz__cache_flush(cache); /* now the other slab is a spare of the pool's */
    while ((records[again] = cz_record_new(cache, own)))
        again++;
    CHECK(again == 2 * count);
    while (again)
        cz_record_free(cache, records[--again]);
    cz_pool_memory(pool, &bytes, &blocks);
    CHECK(bytes == 0 && blocks == 0);
    stop(pool, cache);
}

static void test_a_handle_that_outlives_its_pool_keeps_its_block(void)
{
    static struct cz_pool *pool; /* stays, as long as the process */
    struct cz_cache *cache;
    struct cz_type *own;
    struct cz_record *record;
    pool = start(0);
    cache = cz_cache_create(pool);
    own = call_type(pool, look);
    cz_type_arena(own, cz_pool_arena(pool, "own"));
    record = call_push(cz_pool_lane(pool, CZ_LANE_NATIVE), cache, own, NULL, CZ_NORMAL);
    CHECK(cz_record_wait(record, -1) == 0);
    stop(pool, NULL);
    CHECK(phase_of(record) == CZ_COMPLETED);
    cz_record_drop(cache, record);
    cz_cache_destroy(cache);
}

static void test_without_arenas_to_be_had_a_type_s_records_lie_with_the_others(void)
{
    struct cz_pool_options options = pool_options(1, 100);
    struct cz_pool *pool;
    struct cz_cache *cache;
    struct cz_type *type;
    CHECK(cz_pool_create(&options, &pool) == 0); /* with an allocator of its own */
    CHECK(cz_arena_number(pool, NULL) == CZ_NO_ARENA && cz_pool_arena(pool, "own") == NULL);
    cache = cz_cache_create(pool);
    type = call_type(pool, look);
    cz_type_arena(type, NULL);
    CHECK(run(pool, cache, type) == 0);
    cz_cache_destroy(cache);
    pool_stop(pool);
}

static void test_when_jemalloc_refuses_there_is_no_arena(void)
{
    struct cz_pool *pools[MOST_ARENAS], *pool;
    unsigned count = 0, kept = atomic_load(&made) - FIRST;
    while (count < kept)
        pools[count++] = start(0); /* all that were given back */
    atomic_store(&refuse, true);
    pool = start(0);
    CHECK(cz_arena_number(pool, NULL) == CZ_NO_ARENA && cz_pool_arena(pool, "own") == NULL);
    stop(pool, NULL);
    CHECK(cz_pool_arena(pools[0], "own") == NULL);
    atomic_store(&refuse, false);
    while (count)
        stop(pools[--count], NULL);
}

int main(void)
{
    RUN(test_records_lie_in_the_pool_s_arena_or_their_type_s);
    RUN(test_a_run_allocates_in_its_type_s_arena);
    RUN(test_a_waiter_runs_in_the_arena_and_comes_back);
    RUN(test_enter_and_leave_nest);
    RUN(test_a_batch_allocates_in_its_arena);
    RUN(test_arenas_of_ended_pools_are_used_again);
    RUN(test_an_arena_that_is_not_empty_is_used_again_last);
    RUN(test_an_arena_counts_against_the_pool_s_limit);
    RUN(test_without_arenas_to_be_had_a_type_s_records_lie_with_the_others);
    RUN(test_when_jemalloc_refuses_there_is_no_arena);
    RUN(test_a_handle_that_outlives_its_pool_keeps_its_block);
    CHECK(atomic_load(&purges) > 0);
    return 0;
}
