/* Blocks: distinct, aligned, bounded in number, and all home in the end. */
#include "check.h"

#include "alloc.h"

static void test_one_block_out_and_home(void)
{
    struct cz__depot depot;
    struct cz_cache cache;
    void *block;
    cz__depot_init(&depot, check_allocate, check_release, 0);
    cz__cache_init(&cache, &depot);
    block = cz__block_get(&cache, 1);
    CHECK(block && (uintptr_t)block % CZ_CACHE_LINE == 0);
    memset(block, 1, 128);
    CHECK(atomic_load(&depot.own.bytes) == CZ__SLAB_BYTES && depot.blocks_out > 0);
    cz__block_put(&cache, 1, block);
    cz__cache_flush(&cache);
    CHECK(depot.blocks_out == 0);
    CHECK(cz__depot_close(&depot) == 0);
    CHECK(atomic_load(&check_live) == 0);
}

static void test_class_is_the_smallest_that_fits(void)
{
    CHECK(cz__class_of(1) == 0 && cz__class_of(64) == 0 && cz__class_of(65) == 1);
    CHECK(cz__class_of(2048) == 5 && cz__class_of(2049) == -1);
}

static void test_blocks_of_a_class_do_not_overlap(void)
{
    enum { BLOCKS = 5000 };
    static unsigned char *blocks[BLOCKS];
    for (unsigned class_index = 0; class_index < CZ__CLASSES; class_index++) {
        struct cz__depot depot;
        struct cz_cache cache;
        size_t bytes = (size_t)CZ__BLOCK_MIN << class_index;
        cz__depot_init(&depot, check_allocate, check_release, 0);
        cz__cache_init(&cache, &depot);
        for (int i = 0; i < BLOCKS; i++) {
            CHECK((blocks[i] = cz__block_get(&cache, class_index)));
            memset(blocks[i], i % 251, bytes);
        }
        for (int i = 0; i < BLOCKS; i++) {
            CHECK(blocks[i][0] == i % 251 && blocks[i][bytes - 1] == i % 251);
            cz__block_put(&cache, class_index, blocks[i]);
        }
        cz__cache_flush(&cache);
        CHECK(cz__depot_close(&depot) == 0);
        CHECK(atomic_load(&check_live) == 0);
    }
}

static void test_empty_slabs_go_back_but_for_one(void)
{
    enum { BLOCKS = 10000 };
    static void *blocks[BLOCKS];
    struct cz__depot depot;
    struct cz_cache cache;
    uint64_t rng = 7;
    cz__depot_init(&depot, check_allocate, check_release, 0);
    cz__cache_init(&cache, &depot);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < BLOCKS; i++)
            CHECK((blocks[i] = cz__block_get(&cache, 1)));
        for (int i = BLOCKS - 1; i >= 0; i--) { /* home in random order */
            int j = (int)(draw(&rng) % (uint64_t)(i + 1));
            cz__block_put(&cache, 1, blocks[j]);
            blocks[j] = blocks[i];
        }
        cz__cache_flush(&cache);
        CHECK(atomic_load(&depot.own.bytes) == CZ__SLAB_BYTES);
    }
    CHECK(cz__depot_close(&depot) == 0);
    CHECK(atomic_load(&check_live) == 0);
}

static void test_limit_holds_and_freed_memory_counts_again(void)
{
    static void *blocks[4096];
    struct cz__depot depot;
    struct cz_cache cache;
    int first = 0, again = 0;
    cz__depot_init(&depot, check_allocate, check_release, 2 * CZ__SLAB_BYTES);
    cz__cache_init(&cache, &depot);
    while ((blocks[first] = cz__block_get(&cache, 0)))
        first++;
    CHECK(first == 2 * (CZ__SLAB_BYTES / CZ__BLOCK_MIN - 1));
    CHECK(atomic_load(&depot.own.bytes) == 2 * CZ__SLAB_BYTES);
    for (int i = 0; i < first; i++)
        cz__block_put(&cache, 0, blocks[i]);
    while ((blocks[again] = cz__block_get(&cache, 0)))
        again++;
    CHECK(again == first);
    for (int i = 0; i < again; i++)
        cz__block_put(&cache, 0, blocks[i]);
    cz__cache_flush(&cache);
    CHECK(cz__depot_close(&depot) == 0);
}

static void test_empty_slabs_do_not_use_up_the_limit_of_other_classes(void)
{
    struct cz__depot depot;
    struct cz_cache cache;
    cz__depot_init(&depot, check_allocate, check_release, CZ__SLAB_BYTES);
    cz__cache_init(&cache, &depot);
    for (unsigned class_index = 0; class_index < CZ__CLASSES; class_index++) {
        void *block = cz__block_get(&cache, class_index);
        CHECK(block);
        cz__block_put(&cache, class_index, block);
        cz__cache_flush(&cache);
        CHECK(atomic_load(&depot.own.bytes) == CZ__SLAB_BYTES); /* a spare one */
    }
    CHECK(cz__depot_close(&depot) == 0);
    CHECK(atomic_load(&check_live) == 0);
}

static void test_failed_allocation_is_a_null_and_no_harm(void)
{
    struct cz__depot depot;
    struct cz_cache cache;
    void *block;
    cz__depot_init(&depot, check_allocate, check_release, 0);
    cz__cache_init(&cache, &depot);
    atomic_store(&check_fail_at, atomic_load(&check_count));
    CHECK(cz__block_get(&cache, 2) == NULL);
    CHECK((block = cz__block_get(&cache, 2)));
    cz__block_put(&cache, 2, block);
    cz__cache_flush(&cache);
    CHECK(cz__depot_close(&depot) == 0);
    atomic_store(&check_fail_at, -1);
    CHECK(atomic_load(&check_live) == 0);
}

static void test_closed_depot_keeps_blocks_that_are_out(void)
{
    struct cz__depot depot;
    struct cz_cache cache;
    unsigned char *block;
    cz__depot_init(&depot, check_allocate, check_release, 0);
    cz__cache_init(&cache, &depot);
    block = cz__block_get(&cache, 1);
    CHECK(block);
    CHECK(cz__depot_close(&depot) == depot.blocks_out && depot.blocks_out > 0);
    memset(block, 3, 128); /* still there */
    cz__block_put(&cache, 1, block);
    cz__cache_flush(&cache);
    CHECK(cz__depot_close(&depot) == 0);
    CHECK(atomic_load(&check_live) == 0);
}

/* Blocks wander between threads: got by one, put by another. */
enum { EXCHANGE_THREADS = 4, EXCHANGE_SLOTS = 64, EXCHANGE_TURNS = 20000 };
static struct cz__depot exchange_depot;
static _Atomic(uint64_t *) exchange[EXCHANGE_SLOTS];

static void *exchange_main(void *argument)
{
    struct cz_cache cache;
    uint64_t me = (uint64_t)(uintptr_t)argument, rng = me;
    cz__cache_init(&cache, &exchange_depot);
    for (uint64_t turn = 0; turn < EXCHANGE_TURNS; turn++) {
        uint64_t *block = cz__block_get(&cache, 0);
        CHECK(block);
        block[0] = block[7] = me << 32 | turn;
        block = atomic_exchange(&exchange[draw(&rng) % EXCHANGE_SLOTS], block);
        if (block) {
            CHECK(block[0] == block[7]); /* nobody else has had it meanwhile */
            cz__block_put(&cache, 0, block);
        }
    }
    cz__cache_flush(&cache);
    return NULL;
}

static void test_blocks_wander_between_threads(void)
{
    pthread_t threads[EXCHANGE_THREADS];
    struct cz_cache cache;
    cz__depot_init(&exchange_depot, check_allocate, check_release, 0);
    for (uintptr_t i = 0; i < EXCHANGE_THREADS; i++)
        threads[i] = start_thread(exchange_main, (void *)(i + 1));
    for (int i = 0; i < EXCHANGE_THREADS; i++)
        join_thread(threads[i]);
    cz__cache_init(&cache, &exchange_depot);
    for (int i = 0; i < EXCHANGE_SLOTS; i++)
        if (atomic_load(&exchange[i]))
            cz__block_put(&cache, 0, atomic_load(&exchange[i]));
    cz__cache_flush(&cache);
    CHECK(exchange_depot.blocks_out == 0);
    CHECK(cz__depot_close(&exchange_depot) == 0);
    CHECK(atomic_load(&check_live) == 0);
}

int main(void)
{
    RUN(test_one_block_out_and_home);
    RUN(test_class_is_the_smallest_that_fits);
    RUN(test_blocks_of_a_class_do_not_overlap);
    RUN(test_empty_slabs_go_back_but_for_one);
    RUN(test_limit_holds_and_freed_memory_counts_again);
    RUN(test_empty_slabs_do_not_use_up_the_limit_of_other_classes);
    RUN(test_failed_allocation_is_a_null_and_no_harm);
    RUN(test_closed_depot_keeps_blocks_that_are_out);
    RUN(test_blocks_wander_between_threads);
    return 0;
}
