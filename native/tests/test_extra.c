/* Delays and promises: what few records have. */
#include "running.h"

/* --- delays -------------------------------------------------------------------------- */

static void test_delayed_record_runs_when_it_is_due(void)
{
    _Atomic(long) runs = 0;
    struct cz_record *record;
    int64_t before;
    set_up(1, 4);
    record = call_new(cache, call_type(pool, count_run), (void *)&runs);
    before = cz_ticks_ns(cz_ticks());
    CHECK(cz_record_delay(lane, record, CZ_HIGH, 5 * MILLISECOND_NS) == 0);
    CHECK(cz_record_wait(record, -1) == 0 && phase_of(record) == CZ_COMPLETED);
    /* The rates of the two clocks differ by less than a part in a hundred. */
    CHECK(cz_ticks_ns(record->started_at) - before > 4900000);
    CHECK(atomic_load(&runs) == 1);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_every_delayed_record_runs_once_or_is_cancelled(void)
{
    enum { RECORDS = 3000 };
    static struct cz_record *records[RECORDS];
    _Atomic(long) runs = 0;
    struct cz_type *type;
    uint64_t rng = 17;
    set_up(1, 16); /* a full level prolongs a delay */
    type = call_type(pool, count_run);
    for (int i = 0; i < RECORDS; i++) {
        records[i] = call_new(cache, type, (void *)&runs);
        CHECK(cz_record_delay(lane, records[i], CZ_NORMAL,
                              (int64_t)(draw(&rng) % (10 * MILLISECOND_NS))) == 0);
    }
    for (int i = 0; i < RECORDS; i += 3)
        cz_record_cancel(records[i]);
    for (int i = 0; i < RECORDS; i++) {
        CHECK(cz_record_wait(records[i], -1) == 0);
        if (phase_of(records[i]) == CZ_CANCELLED)
            atomic_fetch_add(&runs, 1);
        cz_record_drop(cache, records[i]);
    }
    CHECK(atomic_load(&runs) == RECORDS);
    tear_down();
}

static void test_cancelled_delay_is_let_go_of_at_once(void)
{
    struct cz_record *record;
    set_up(1, 4);
    record = call_new(cache, call_type(pool, count_run), NULL);
    CHECK(cz_record_delay(lane, record, CZ_LOW, INT64_MAX) == 0); /* for ever */
    CHECK(cz_lane_wait_space(lane, CZ_LOW, 0) == 0 && cz_record_wait(record, 0) == CZ_ETIMEDOUT);
    CHECK(cz_record_cancel(record) == 1);
    CHECK(cz_record_wait(record, 0) == 0 && phase_of(record) == CZ_CANCELLED);
    cz_record_drop(cache, record);
    tear_down(); /* the close does not wait for it */
}

static void test_close_waits_for_what_is_delayed(void)
{
    _Atomic(long) runs = 0;
    struct cz_record *record;
    struct cz_type *type;
    set_up(2, 4);
    type = call_type(pool, count_run);
    record = call_new(cache, type, (void *)&runs);
    CHECK(cz_record_delay(lane, record, CZ_LOW, 3 * MILLISECOND_NS) == 0);
    cz_record_drop(cache, record);
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, 60LL * SECOND_NS) == 0);
    CHECK(atomic_load(&runs) == 1);
    record = call_new(cache, type, NULL);
    CHECK(cz_record_delay(lane, record, CZ_LOW, 0) == CZ_ECLOSED);
    CHECK(cz_lane_promise(lane) == CZ_ECLOSED);
    cz_record_free(cache, record);
    tear_down();
}

static void test_a_promise_holds_a_closed_lane_open(void)
{
    _Atomic(long) runs = 0;
    struct cz_record *record;
    set_up(2, 1);
    record = call_new(cache, call_type(pool, count_run), (void *)&runs);
    CHECK(cz_lane_promise(lane) == 0);
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, 2 * MILLISECOND_NS) == CZ_ETIMEDOUT);
    CHECK(cz_lane_push(lane, record, CZ_HIGH) == CZ_ECLOSED);
    cz_lane_promise_more(lane); /* a promise may lead to others */
    cz_lane_promise_kept(lane);
    CHECK(cz_pool_join(pool, 2 * MILLISECOND_NS) == CZ_ETIMEDOUT);
    CHECK(cz_lane_push_promised(lane, record, CZ_HIGH) == 0);
    cz_lane_promise_kept(lane);
    CHECK(cz_pool_join(pool, 60LL * SECOND_NS) == 0);
    CHECK(atomic_load(&runs) == 1);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_a_delay_under_a_promise_passes_the_close(void)
{
    _Atomic(long) runs = 0;
    struct cz_record *record;
    set_up(1, 4);
    record = call_new(cache, call_type(pool, count_run), (void *)&runs);
    CHECK(cz_lane_promise(lane) == 0);
    cz_pool_close(pool);
    CHECK(cz_record_delay(lane, record, CZ_HIGH, MILLISECOND_NS) == CZ_ECLOSED);
    CHECK(cz_record_delay_promised(lane, record, CZ_HIGH, MILLISECOND_NS) == 0);
    cz_lane_promise_kept(lane);
    cz_record_drop(cache, record);
    CHECK(cz_pool_join(pool, 60LL * SECOND_NS) == 0);
    CHECK(atomic_load(&runs) == 1);
    tear_down();
}

static void test_cancel_pending_reaches_what_is_delayed(void)
{
    enum { RECORDS = 500 };
    static struct cz_record *records[RECORDS];
    struct cz_type *type;
    void *owners[2];
    uint64_t rng = 29, retrying;
    set_up(1, 4);
    type = call_type(pool, count_run);
    for (int i = 0; i < RECORDS; i++) {
        int64_t delay_ns = 3600LL * SECOND_NS + (int64_t)(draw(&rng) % SECOND_NS);
        records[i] = call_new(cache, type, NULL);
        CHECK(cz_record_delay(lane, records[i], (uint32_t)i % CZ_LEVELS, delay_ns) == 0);
    }
    for (int i = 0; i < RECORDS; i += 10)
        CHECK(cz_record_cancel(records[i]) == 1);
    CHECK(cz_pool_delayed(pool, owners, 2, &retrying) == RECORDS - RECORDS / 10);
    CHECK(retrying == 0 && owners[0] == cz_type_owner(type) && owners[1] == owners[0]);
    CHECK(cz_pool_cancel_pending(pool) == RECORDS - RECORDS / 10);
    CHECK(cz_pool_delayed(pool, owners, 2, &retrying) == 0);
    for (int i = 0; i < RECORDS; i++) {
        CHECK(cz_record_wait(records[i], 0) == 0 && phase_of(records[i]) == CZ_CANCELLED);
        cz_record_drop(cache, records[i]);
    }
    tear_down();
}

int main(void)
{
    RUN(test_delayed_record_runs_when_it_is_due);
    RUN(test_every_delayed_record_runs_once_or_is_cancelled);
    RUN(test_cancelled_delay_is_let_go_of_at_once);
    RUN(test_close_waits_for_what_is_delayed);
    RUN(test_a_promise_holds_a_closed_lane_open);
    RUN(test_a_delay_under_a_promise_passes_the_close);
    RUN(test_cancel_pending_reaches_what_is_delayed);
    return 0;
}
