/* Records that are queued as one entry run as any others. */
#include "running.h"

static _Atomic(int) ran;

static int32_t twice(void *payload, void **error)
{
    struct call *call = payload;
    (void)error;
    call->result = 2 * (int64_t)(intptr_t)call->argument;
    atomic_fetch_add(&ran, 1);
    return 0;
}

enum { MANY = 3000 };
static struct cz_record *records[MANY];

static void make(const struct cz_type *type, int n)
{
    atomic_store(&ran, 0);
    for (int i = 0; i < n; i++)
        records[i] = call_new(cache, type, (void *)(intptr_t)i);
}

static void drop(int n)
{
    for (int i = 0; i < n; i++)
        cz_record_drop(cache, records[i]);
}

static void check_all_ran(int n)
{
    for (int i = 0; i < n; i++) {
        CHECK(cz_record_wait(records[i], 60LL * SECOND_NS) == 0);
        CHECK(phase_of(records[i]) == CZ_COMPLETED);
        CHECK(call_of(records[i])->result == 2 * i);
    }
    CHECK(atomic_load(&ran) == n);
}

static void test_each_runs_once(void)
{
    struct cz_type *type;
    set_up(3, 16);
    type = call_type(pool, twice);
    for (int round = 0; round < 5; round++) { /* how long they run is known after the first */
        make(type, MANY);
        for (int i = 0; i < MANY; i += MANY / 3)
            CHECK(cz_lane_push_bundle(lane, records + i, MANY / 3, CZ_NORMAL) == 0);
        check_all_ran(MANY);
        drop(MANY);
    }
    tear_down();
}

static void test_cancelled_one_does_not_run(void)
{
    struct cz_type *type;
    struct cz_record *blocker;
    set_up(1, 16);
    type = call_type(pool, twice);
    blocker = call_push(lane, cache, call_type(pool, block), NULL, CZ_HIGH);
    gate_pass(&entered);
    make(type, 100);
    CHECK(cz_lane_push_bundle(lane, records, 100, CZ_NORMAL) == 0);
    CHECK(cz_record_cancel(records[7]) == 1);
    gate_open(&leave, 1);
    for (int i = 0; i < 100; i++) {
        CHECK(cz_record_wait(records[i], 60LL * SECOND_NS) == 0);
        CHECK(phase_of(records[i]) == (i == 7 ? CZ_CANCELLED : CZ_COMPLETED));
    }
    CHECK(atomic_load(&ran) == 99);
    drop(100);
    cz_record_drop(cache, blocker);
    tear_down();
}

static void test_dropped_ones_run_and_are_freed(void)
{
    struct cz_type *type;
    set_up(2, 16);
    type = call_type(pool, twice);
    make(type, 1000);
    CHECK(cz_lane_push_bundle(lane, records, 1000, CZ_NORMAL) == 0);
    drop(1000);
    tear_down(); /* which finds every block at home */
    CHECK(atomic_load(&ran) == 1000);
}

static void test_close_lets_all_of_it_run(void)
{
    struct cz_type *type;
    for (int round = 0; round < 50; round++) {
        set_up(2, 16);
        type = call_type(pool, twice);
        make(type, 500);
        CHECK(cz_lane_push_bundle(lane, records, 500, CZ_LOW) == 0);
        cz_pool_close(pool);
        CHECK(cz_pool_join(pool, 60LL * SECOND_NS) == 0);
        check_all_ran(500);
        drop(500);
        tear_down();
    }
}

static void test_refused_one_stays_the_callers(void)
{
    struct cz_type *type;
    struct cz_record *blocker, *filler;
    set_up(1, 1);
    type = call_type(pool, twice);
    blocker = call_push(lane, cache, call_type(pool, block), NULL, CZ_NORMAL);
    gate_pass(&entered);
    filler = call_push(lane, cache, type, NULL, CZ_NORMAL);
    make(type, 10);
    CHECK(cz_lane_push_bundle(lane, records, 10, CZ_NORMAL) == CZ_EFULL);
    gate_open(&leave, 1);
    CHECK(cz_record_wait(filler, 60LL * SECOND_NS) == 0);
    cz_pool_close(pool);
    CHECK(cz_lane_push_bundle(lane, records, 10, CZ_NORMAL) == CZ_ECLOSED);
    for (int i = 0; i < 10; i++)
        cz_record_free(cache, records[i]);
    cz_record_drop(cache, blocker);
    cz_record_drop(cache, filler);
    tear_down();
}

static void test_cancel_of_all_pending_takes_what_no_worker_has(void)
{
    struct cz_type *type;
    struct cz_record *blocker;
    int cancelled = 0;
    set_up(1, 16);
    type = call_type(pool, twice);
    blocker = call_push(lane, cache, call_type(pool, block), NULL, CZ_NORMAL);
    gate_pass(&entered);
    make(type, 100);
    CHECK(cz_lane_push_bundle(lane, records, 100, CZ_NORMAL) == 0);
    CHECK(cz_pool_cancel_pending(pool) == 100);
    gate_open(&leave, 1);
    for (int i = 0; i < 100; i++)
        cancelled += phase_of(records[i]) == CZ_CANCELLED;
    CHECK(cancelled == 100 && atomic_load(&ran) == 0);
    drop(100);
    cz_record_drop(cache, blocker);
    tear_down();
}

/* While workers serve it. Whoever comes first, each record ends, and nothing is left. */
static void test_cancel_of_all_pending_beside_workers(void)
{
    for (int round = 0; round < 100; round++) {
        struct cz_type *type;
        int ended = 0;
        set_up(2, 16);
        type = call_type(pool, twice);
        make(type, MANY);
        CHECK(cz_lane_push_bundle(lane, records, MANY, CZ_NORMAL) == 0);
        cz_pool_cancel_pending(pool);
        for (int i = 0; i < MANY; i++) {
            CHECK(cz_record_wait(records[i], 60LL * SECOND_NS) == 0);
            ended += phase_of(records[i]) == CZ_COMPLETED;
        }
        CHECK(ended == atomic_load(&ran));
        drop(MANY);
        tear_down();
    }
}

int main(void)
{
    RUN(test_each_runs_once);
    RUN(test_cancelled_one_does_not_run);
    RUN(test_dropped_ones_run_and_are_freed);
    RUN(test_close_lets_all_of_it_run);
    RUN(test_refused_one_stays_the_callers);
    RUN(test_cancel_of_all_pending_takes_what_no_worker_has);
    RUN(test_cancel_of_all_pending_beside_workers);
    return 0;
}
