/* Entries that wait while every worker is inside a long task get another worker in time. */
#include "running.h"

#include "os.h"

static _Atomic(long) chunks, items;

static void set_up_relieved(uint32_t workers)
{
    struct cz_pool_options options = pool_options(workers, 64);
    options.relief = 1;
    set_up_with(&options);
}

/* Every ordinary worker is inside a task. */
static void occupy(struct cz_record *held[], uint32_t workers, uint32_t level)
{
    struct cz_type *type = call_type(pool, block);
    for (uint32_t i = 0; i < workers; i++) {
        held[i] = call_push(lane, cache, type, NULL, level);
        gate_pass(&entered);
    }
}

static void let_go(struct cz_record *held[], uint32_t workers)
{
    gate_open(&leave, (int)workers);
    for (uint32_t i = 0; i < workers; i++) {
        CHECK(cz_record_wait(held[i], -1) == 0);
        cz_record_drop(cache, held[i]);
    }
}

static void test_each_level_is_served_while_the_workers_are_inside_tasks(void)
{
    struct cz_record *held[2];
    struct cz_type *type;
    set_up_relieved(2);
    type = named_type(succeed, "probe");
    occupy(held, 2, CZ_NORMAL);
    for (uint32_t level = 0; level < CZ_LEVELS; level++)
        run(type, level, 2); /* hangs if nobody comes */
    CHECK(counted(type, CZ_COUNT_COMPLETED) == 2 * CZ_LEVELS);
    let_go(held, 2);
    tear_down();
}

static void test_critical_is_served_while_the_reserved_worker_is_busy_too(void)
{
    struct cz_record *held[2];
    set_up_relieved(1);
    occupy(held, 2, CZ_CRITICAL); /* one of them is the reserved worker's */
    run(call_type(pool, succeed), CZ_CRITICAL, 1);
    let_go(held, 2);
    tear_down();
}

static void test_waiting_tasks_that_are_short_are_all_run_by_one_call(void)
{
    enum { MANY = 32 };
    struct cz_record *held[1], *waiting[MANY];
    struct cz_type *type;
    int64_t began, took;
    set_up_relieved(1);
    type = call_type(pool, succeed);
    occupy(held, 1, CZ_NORMAL);
    began = cz__monotonic_ns();
    for (int i = 0; i < MANY; i++)
        waiting[i] = call_push(lane, cache, type, NULL, CZ_NORMAL);
    for (int i = 0; i < MANY; i++) {
        CHECK(cz_record_wait(waiting[i], -1) == 0);
        cz_record_drop(cache, waiting[i]);
    }
    took = cz__monotonic_ns() - began;
    CHECK(took < MANY * 50LL * MILLISECOND_NS); /* one patience each otherwise */
    let_go(held, 1);
    tear_down();
}

static int32_t count_chunk(const struct cz_span *spans, int64_t inner, int64_t begin, int64_t end,
                           int64_t *failed, void **error)
{
    (void)spans, (void)inner, (void)failed, (void)error;
    atomic_fetch_add(&chunks, 1);
    atomic_fetch_add(&items, end - begin);
    return 0;
}

static void test_batch_begins_while_the_workers_are_inside_tasks(void)
{
    enum { LENGTH = 100 };
    struct cz_record *held[1];
    struct cz_span span = {.base = NULL};
    struct cz_batch *batch;
    set_up_relieved(1);
    atomic_store(&chunks, 0);
    atomic_store(&items, 0);
    occupy(held, 1, CZ_NORMAL);
    CHECK(cz_batch_submit(lane, count_chunk, &span, 1, 1, LENGTH, 10, CZ_HIGH, 0, 1, NULL,
                          &batch) == 0);
    YIELD_UNTIL(atomic_load(&chunks));
    let_go(held, 1);
    CHECK(cz_batch_wait(batch, -1) == 0);
    CHECK(atomic_load(&items) == LENGTH && atomic_load(&chunks) == LENGTH / 10);
    cz_batch_drop(batch);
    tear_down();
}

static void test_pool_ends_with_its_relief_workers_parked(void)
{
    for (int i = 0; i < 20; i++) {
        set_up_relieved(1);
        tear_down();
    }
}

static void test_pool_ends_while_one_helps(void)
{
    struct cz_record *held[1], *helped;
    set_up_relieved(1);
    occupy(held, 1, CZ_NORMAL);
    helped = call_push(lane, cache, call_type(pool, block), NULL, CZ_HIGH);
    gate_pass(&entered);
    CHECK(cz_lane_busy(lane));
    cz_pool_close(pool);
    gate_open(&leave, 2);
    CHECK(cz_record_wait(helped, -1) == 0);
    CHECK(cz_record_wait(held[0], -1) == 0);
    cz_record_drop(cache, helped);
    cz_record_drop(cache, held[0]);
    tear_down();
}

static void test_nobody_is_added_where_nobody_asked(void)
{
    struct cz_pool_options options = pool_options(1, 8);
    set_up_with(&options);
    CHECK(atomic_load(&lane->relief.present) == 0);
    CHECK(!lane->relief.on);
    tear_down();
}

/* --- guests ------------------------------------------------------------------------ */

static struct cz_lane *python;

static void serve(struct cz_guest *guest, struct cz_cache *mine, struct cz_record *record)
{
    const struct cz_type *type = record->type;
    if (cz_record_start(record)) {
        record->started_at = record->finished_at = cz_ticks();
        cz_record_finish(record, CZ_COMPLETED);
    }
    cz_record_release(mine, record);
    cz_guest_done(guest, type, 1);
}

/* Argument: its level. */
static void *relief_main(void *argument)
{
    struct cz_guest *guest = cz_guest_enter(python, (uint32_t)(uintptr_t)argument);
    struct cz_cache *mine = cz_cache_create(pool);
    CHECK(guest && mine);
    while (cz_guest_wait(guest, -1) != CZ_ECLOSED) {
        struct cz_record *record;
        int alone;
        while ((record = cz_guest_next(guest, &alone)))
            serve(guest, mine, record);
    }
    cz_guest_leave(guest);
    cz_cache_destroy(mine);
    return NULL;
}

static void set_up_python(void)
{
    set_up_relieved(1);
    python = cz_pool_lane(pool, CZ_LANE_PYTHON);
}

static void test_clock_asks_for_relief_workers_that_are_not_there(void)
{
    struct cz_record *record;
    int wanted = 0;
    set_up_python();
    record = call_push(python, cache, call_type(pool, NULL), NULL, CZ_HIGH);
    YIELD_UNTIL((wanted |= cz_lane_wants_relief(python)));
    CHECK(wanted == 1 << CZ_HIGH);
    CHECK(cz_lane_take(python) == record);
    cz_record_cancel(record);
    cz_record_release(cache, record);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_relief_guest_serves_its_level_and_those_above(void)
{
    struct cz_type *type;
    struct cz_record *urgent, *high;
    pthread_t thread;
    set_up_python();
    type = call_type(pool, NULL);
    thread = start_thread(relief_main, (void *)(uintptr_t)CZ_HIGH);
    YIELD_UNTIL(atomic_load(&python->relief.present) & 1 << CZ_HIGH);
    urgent = call_push(python, cache, type, NULL, CZ_CRITICAL);
    high = call_push(python, cache, type, NULL, CZ_HIGH);
    CHECK(cz_record_wait(high, -1) == 0);
    CHECK(cz_record_wait(urgent, -1) == 0);
    cz_record_drop(cache, high);
    cz_record_drop(cache, urgent);
    cz_pool_close(pool);
    join_thread(thread);
    tear_down();
}

static void test_reserved_guest_is_woken_by_the_push(void)
{
    struct cz_type *type;
    pthread_t thread;
    set_up_python();
    type = call_type(pool, NULL);
    thread = start_thread(relief_main, (void *)(uintptr_t)CZ_CRITICAL);
    for (int i = 0; i < 1000; i++) {
        struct cz_record *record = call_push(python, cache, type, NULL, CZ_CRITICAL);
        CHECK(cz_record_wait(record, -1) == 0);
        cz_record_drop(cache, record);
    }
    cz_pool_close(pool);
    join_thread(thread);
    tear_down();
}

int main(void)
{
    RUN(test_each_level_is_served_while_the_workers_are_inside_tasks);
    RUN(test_critical_is_served_while_the_reserved_worker_is_busy_too);
    RUN(test_waiting_tasks_that_are_short_are_all_run_by_one_call);
    RUN(test_batch_begins_while_the_workers_are_inside_tasks);
    RUN(test_pool_ends_with_its_relief_workers_parked);
    RUN(test_pool_ends_while_one_helps);
    RUN(test_nobody_is_added_where_nobody_asked);
    RUN(test_clock_asks_for_relief_workers_that_are_not_there);
    RUN(test_relief_guest_serves_its_level_and_those_above);
    RUN(test_reserved_guest_is_woken_by_the_push);
    return 0;
}
