/* The pool: start, failure to start, and who runs what. */
#include "check.h"

#include <sys/resource.h>
#include <unistd.h>

static int32_t add_one(void *payload, void **error)
{
    struct call *call = payload;
    (void)error;
    call->result = (int64_t)(intptr_t)call->argument + 1;
    return 0;
}

static int32_t fail(void *payload, void **error)
{
    *error = payload;
    return 3;
}

static void test_run_one_task(void)
{
    struct cz_pool *pool = pool_start(1, 4);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_lane *lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    struct cz_record *record =
        call_push(lane, cache, call_type(pool, add_one), (void *)41, CZ_NORMAL);
    CHECK(cz_record_wait(record, -1) == 0);
    CHECK(phase_of(record) == CZ_COMPLETED && call_of(record)->result == 42);
    CHECK(record->queued_at && record->started_at >= record->queued_at);
    CHECK(record->finished_at >= record->started_at);
    cz_record_drop(cache, record);
    cz_cache_destroy(cache);
    pool_stop(pool);
}

static void test_failing_task_keeps_status_and_error(void)
{
    struct cz_pool *pool = pool_start(1, 4);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_lane *lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    struct cz_record *record = call_push(lane, cache, call_type(pool, fail), NULL, CZ_LOW);
    CHECK(cz_record_wait(record, -1) == 0);
    CHECK(phase_of(record) == CZ_FAILED && record->status == 3);
    CHECK(record->error == cz_payload(record));
    cz_record_drop(cache, record);
    cz_cache_destroy(cache);
    pool_stop(pool);
}

static void test_options_out_of_range_are_refused(void)
{
    struct cz_pool_options good = pool_options(1, 4), bad;
    struct cz_pool *pool;
    bad = good, bad.size--;
    CHECK(cz_pool_create(&bad, &pool) == CZ_EINVAL);
    bad = good, bad.workers = 0;
    CHECK(cz_pool_create(&bad, &pool) == CZ_EINVAL);
    bad = good, bad.workers = 1025;
    CHECK(cz_pool_create(&bad, &pool) == CZ_EINVAL);
    bad = good, bad.guests = 0;
    CHECK(cz_pool_create(&bad, &pool) == CZ_EINVAL);
    bad = good, bad.queue_size = 0;
    CHECK(cz_pool_create(&bad, &pool) == CZ_EINVAL);
    bad = good, bad.queue_size = ((uint64_t)1 << 31) + 1;
    CHECK(cz_pool_create(&bad, &pool) == CZ_EINVAL);
    CHECK(atomic_load(&check_live) == 0);
}

/* Everything a user of the library allocates, with the n-th allocation failing. */
static bool whole_life(void)
{
    struct cz_pool_options options = pool_options(2, 4);
    struct cz_pool *pool;
    struct cz_cache *cache = NULL;
    struct cz_type *type = NULL;
    struct cz_record *record = NULL;
    struct cz_guest *guest = NULL;
    int result = cz_pool_create(&options, &pool);
    if (result) {
        CHECK(result == CZ_ENOMEM);
        return false;
    }
    if ((cache = cz_cache_create(pool)) && (type = cz_type_create(pool, add_one, 16, NULL)) &&
        (record = cz_record_new(cache, type))) {
        CHECK(cz_lane_push(cz_pool_lane(pool, CZ_LANE_NATIVE), record, CZ_HIGH) == 0);
        CHECK(cz_record_wait(record, -1) == 0);
        cz_record_drop(cache, record);
        guest = cz_guest_enter(cz_pool_lane(pool, CZ_LANE_PYTHON), CZ_LEVELS);
    }
    if (guest)
        cz_guest_leave(guest);
    if (cache)
        cz_cache_destroy(cache);
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, -1) == 0);
    cz_pool_destroy(pool);
    return guest != NULL;
}

static void test_any_allocation_may_fail_and_nothing_leaks(void)
{
    long failures = 0;
    bool passed;
    do {
        atomic_store(&check_count, 0);
        atomic_store(&check_fail_at, failures++);
        passed = whole_life();
        CHECK(atomic_load(&check_live) == 0);
    } while (!passed);
    atomic_store(&check_fail_at, -1);
    CHECK(failures > 5);
}

static int threads_of_process(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    int threads = 0;
    CHECK(file);
    while (fgets(line, sizeof line, file))
        sscanf(line, "Threads: %d", &threads);
    fclose(file);
    return threads;
}

static void test_stack_that_cannot_be_had_leaves_nothing_behind(void)
{
    static const uint64_t absurd[] = {(uint64_t)1 << 60, UINT64_MAX, 1};
    int before = threads_of_process();
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        struct cz_pool_options options = pool_options(3, 4);
        struct cz_pool *pool;
        options.stack_bytes = absurd[i];
        CHECK(cz_pool_create(&options, &pool) == CZ_ETHREAD);
        CHECK(atomic_load(&check_live) == 0);
        /* A joined thread may stay listed for a moment. */
        YIELD_UNTIL(threads_of_process() == before);
    }
}

/* Rings, segment, stacks: the first that finds no room is another one each time. */
static void test_address_space_may_run_out_at_any_point(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    puts("  skipped: sanitizers need the address space");
#else
    enum { STEP = 8 << 20, THREADS = 4 };
    struct cz_pool_options options = pool_options(THREADS, 4);
    struct cz_pool *pool;
    struct rlimit before, limit;
    int threads = threads_of_process(), no_memory = 0, no_thread = 0, result;
    unsigned long pages;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    CHECK(getrlimit(RLIMIT_AS, &before) == 0);
    options.stack_bytes = 2 * STEP;
    limit = before;
    limit.rlim_cur = pages * (unsigned long)sysconf(_SC_PAGESIZE);
    do {
        limit.rlim_cur += STEP;
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
        result = cz_pool_create(&options, &pool);
        CHECK(setrlimit(RLIMIT_AS, &before) == 0);
        no_memory += result == CZ_ENOMEM;
        no_thread += result == CZ_ETHREAD;
        CHECK(result == 0 || (atomic_load(&check_live) == 0 && result != CZ_EINVAL));
        YIELD_UNTIL(result == 0 || threads_of_process() == threads);
    } while (result);
    pool_stop(pool);
    printf("  failed %d times for memory, %d times for a thread\n", no_memory, no_thread);
    CHECK(no_thread > 1);
#endif
}

static void test_critical_task_runs_while_all_workers_are_inside_others(void)
{
    enum { WORKERS = 3 };
    struct cz_pool *pool = pool_start(WORKERS, 32);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_lane *lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    struct cz_type *blocking = call_type(pool, block), *adding = call_type(pool, add_one);
    struct cz_record *others[WORKERS], *high;
    for (int i = 0; i < WORKERS; i++)
        others[i] = call_push(lane, cache, blocking, NULL, CZ_NORMAL);
    for (int i = 0; i < WORKERS; i++)
        gate_pass(&entered);
    high = call_push(lane, cache, adding, NULL, CZ_HIGH);
    for (intptr_t i = 0; i < 100; i++) {
        struct cz_record *critical = call_push(lane, cache, adding, (void *)i, CZ_CRITICAL);
        CHECK(cz_record_wait(critical, -1) == 0 && call_of(critical)->result == i + 1);
        cz_record_drop(cache, critical);
    }
    CHECK(phase_of(high) == CZ_PENDING);
    gate_open(&leave, WORKERS);
    for (int i = 0; i < WORKERS; i++) {
        CHECK(cz_record_wait(others[i], -1) == 0);
        cz_record_drop(cache, others[i]);
    }
    CHECK(cz_record_wait(high, -1) == 0);
    cz_record_drop(cache, high);
    cz_cache_destroy(cache);
    pool_stop(pool);
}

static void test_waiter_may_run_its_pending_task_itself(void)
{
    struct cz_pool *pool = pool_start(1, 8);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_lane *lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    struct cz_record *running, *mine;
    running = call_push(lane, cache, call_type(pool, block), NULL, CZ_NORMAL);
    gate_pass(&entered);
    mine = call_push(lane, cache, call_type(pool, add_one), (void *)1, CZ_NORMAL);
    CHECK(cz_record_start(mine) == 1);
    cz_record_begin(mine);
    call_of(mine)->result = 7;
    cz_record_finish(mine, CZ_COMPLETED);
    gate_open(&leave, 1);
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, -1) == 0);
    CHECK(phase_of(mine) == CZ_COMPLETED && call_of(mine)->result == 7); /* not run again */
    cz_record_drop(cache, running);
    cz_record_drop(cache, mine);
    cz_cache_destroy(cache);
    pool_stop(pool);
}

static void test_submitter_may_run_what_a_full_queue_refused(void)
{
    struct cz_pool *pool = pool_start(1, 1);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_lane *lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    struct cz_type *adding = call_type(pool, add_one);
    struct cz_record *running, *queued, *refused;
    running = call_push(lane, cache, call_type(pool, block), NULL, CZ_NORMAL);
    gate_pass(&entered);
    queued = call_push(lane, cache, adding, NULL, CZ_NORMAL);
    refused = call_new(cache, adding, (void *)1);
    CHECK(cz_lane_push(lane, refused, CZ_NORMAL) == CZ_EFULL);
    CHECK(cz_record_start(refused) == 1);
    cz_record_run(refused);
    CHECK(phase_of(refused) == CZ_COMPLETED && call_of(refused)->result == 2);
    gate_open(&leave, 1);
    cz_record_drop(cache, running);
    cz_record_drop(cache, queued);
    cz_record_drop(cache, refused);
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, -1) == 0);
    cz_cache_destroy(cache);
    pool_stop(pool);
}

static void test_memory_counts_what_is_in_use(void)
{
    enum { RECORDS = 3000 };
    static struct cz_record *records[RECORDS];
    struct cz_pool *pool = pool_start(1, 8);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_type *type = call_type(pool, add_one);
    uint64_t bytes, blocks;
    cz_pool_memory(pool, &bytes, &blocks);
    CHECK(bytes == 0 && blocks == 0);
    for (int i = 0; i < RECORDS; i++)
        records[i] = call_new(cache, type, NULL);
    cz_pool_memory(pool, &bytes, &blocks);
    CHECK(blocks >= RECORDS && blocks < RECORDS + 64 && bytes >= RECORDS * 128);
    for (int i = 0; i < RECORDS; i++)
        cz_record_free(cache, records[i]);
    cz_cache_destroy(cache);
    cz_pool_memory(pool, &bytes, &blocks);
    CHECK(blocks == 0 && bytes == 65536);
    pool_stop(pool);
}

static struct cz_pool *volatile kept;

static void test_handle_may_outlive_the_pool(void)
{
    struct cz_pool *pool = pool_start(1, 8);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_record *record = call_push(cz_pool_lane(pool, CZ_LANE_NATIVE), cache,
                                         call_type(pool, add_one), (void *)1, CZ_NORMAL);
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, -1) == 0);
    cz_pool_destroy(pool);
    CHECK(cz_record_wait(record, 0) == 0 && call_of(record)->result == 2);
    CHECK(cz_type_owner(record->type) == NULL);
    cz_record_drop(cache, record);
    cz_cache_destroy(cache);
    /* native/README.md, "Shutdown": the pool's head, its types and the slab stay. */
    CHECK(atomic_load(&check_live) == 3);
    kept = pool; /* so that a leak checker sees it */
    atomic_store(&check_live, 0);
}

static void test_types_have_a_largest_payload(void)
{
    struct cz_pool *pool = pool_start(1, 8);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_type *type = cz_type_create(pool, add_one, 1952, pool);
    struct cz_record *record;
    CHECK(type && cz_type_owner(type) == pool);
    CHECK(cz_type_create(pool, add_one, 1953, NULL) == NULL);
    CHECK(cz_type_create(pool, add_one, UINT64_MAX, NULL) == NULL);
    record = cz_record_new(cache, type);
    CHECK(record);
    memset(cz_payload(record), 1, 1952);
    cz_record_free(cache, record);
    cz_cache_destroy(cache);
    pool_stop(pool);
}

int main(void)
{
    gate_init(&entered);
    gate_init(&leave);
    RUN(test_run_one_task);
    RUN(test_failing_task_keeps_status_and_error);
    RUN(test_options_out_of_range_are_refused);
    RUN(test_any_allocation_may_fail_and_nothing_leaks);
    RUN(test_stack_that_cannot_be_had_leaves_nothing_behind);
    RUN(test_address_space_may_run_out_at_any_point);
    RUN(test_critical_task_runs_while_all_workers_are_inside_others);
    RUN(test_waiter_may_run_its_pending_task_itself);
    RUN(test_submitter_may_run_what_a_full_queue_refused);
    RUN(test_memory_counts_what_is_in_use);
    RUN(test_handle_may_outlive_the_pool);
    RUN(test_types_have_a_largest_payload);
    return 0;
}
