/* Delays, retries, limits, watchers and promises: what few records have. */
#include "running.h"

static int32_t count_run(void *payload, void **error)
{
    (void)error;
    atomic_fetch_add((_Atomic(long) *)((struct call *)payload)->argument, 1);
    return 0;
}

/* Fails until its argument, a count of runs, is at 3. */
static int32_t fail_twice(void *payload, void **error)
{
    (void)error;
    return atomic_fetch_add((_Atomic(long) *)((struct call *)payload)->argument, 1) < 2 ? 9 : 0;
}

static struct cz_record *next_mail(uint32_t *reasons)
{
    struct cz_record *record;
    while ((record = cz_mail_take(pool, reasons)) == NULL)
        cz_mail_wait(pool, -1);
    return record;
}

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

/* --- mail ---------------------------------------------------------------------------- */

static void test_watched_record_is_posted_once_it_has_ended(void)
{
    enum { RECORDS = 2000 };
    static struct cz_record *records[RECORDS];
    _Atomic(long) runs = 0;
    struct cz_type *type;
    uint32_t reasons;
    int posted = 0;
    set_up(2, RECORDS);
    type = call_type(pool, count_run);
    for (int i = 0; i < RECORDS; i++) {
        int result;
        if (i % 2) {
            records[i] = call_new(cache, type, (void *)&runs);
            CHECK(cz_record_watch(records[i]) == 1);
            CHECK(cz_lane_push(lane, records[i], CZ_NORMAL) == 0);
            result = 1;
        } else {
            records[i] = call_push(lane, cache, type, (void *)&runs, CZ_NORMAL);
            if (i % 8 == 0)
                cz_record_cancel(records[i]);
            result = cz_record_watch(records[i]);
            CHECK(result >= 0);
        }
        posted += result;
        if (result == 0)
            cz_record_drop(cache, records[i]);
    }
    while (posted--) {
        struct cz_record *record = next_mail(&reasons);
        CHECK(reasons == CZ_MAIL_ENDED && cz_is_final(atomic_load(&record->state)));
        cz_record_drop(cache, record);
    }
    CHECK(cz_mail_take(pool, &reasons) == NULL);
    tear_down();
}

static void *take_mail_until_told(void *told)
{
    uint32_t reasons;
    while (!atomic_load((_Atomic(bool) *)told)) {
        CHECK(cz_mail_take(pool, &reasons) == NULL);
        cz_mail_wait(pool, -1);
    }
    return NULL;
}

static void test_ring_reaches_a_taker_about_to_sleep(void)
{
    set_up(1, 4);
    for (int i = 0; i < 300; i++) {
        _Atomic(bool) told = false;
        pthread_t taker = start_thread(take_mail_until_told, (void *)&told);
        if (i % 2)
            YIELD_UNTIL(atomic_load(&pool->extras.mail_sleeper));
        atomic_store(&told, true);
        cz_mail_ring(pool);
        join_thread(taker);
    }
    CHECK(cz_mail_wait(pool, MILLISECOND_NS) == CZ_ETIMEDOUT);
    tear_down();
}

/* --- retries ------------------------------------------------------------------------- */

static void test_diverted_failure_is_retried_until_it_succeeds(void)
{
    _Atomic(long) runs = 0;
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = call_new(cache, call_type(pool, fail_twice), (void *)&runs);
    CHECK(cz_record_limit(record, 0, 1) == 0);
    CHECK(cz_lane_push(lane, record, CZ_NORMAL) == 0);
    for (int i = 0; i < 2; i++) {
        CHECK(next_mail(&reasons) == record && reasons == CZ_MAIL_FAILED);
        CHECK(phase_of(record) == CZ_RUNNING && record->status == 9);
        CHECK(cz_record_wait(record, 0) == CZ_ETIMEDOUT); /* not final for its waiters */
        CHECK(cz_record_retry(lane, record, MILLISECOND_NS) == 0);
    }
    CHECK(cz_record_wait(record, -1) == 0 && phase_of(record) == CZ_COMPLETED);
    CHECK(atomic_load(&runs) == 3);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_concluded_failure_is_final(void)
{
    _Atomic(long) runs = 0;
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = call_new(cache, call_type(pool, fail_twice), (void *)&runs);
    CHECK(cz_record_limit(record, 0, 1) == 0);
    CHECK(cz_lane_push(lane, record, CZ_NORMAL) == 0);
    cz_record_drop(cache, record); /* nobody waits for it: the mail comes all the same */
    CHECK(next_mail(&reasons) == record && reasons == CZ_MAIL_FAILED);
    cz_record_conclude(cache, record, CZ_FAILED);
    tear_down();
}

static void test_waiting_retry_can_be_cancelled(void)
{
    _Atomic(long) runs = 0;
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = call_new(cache, call_type(pool, fail_twice), (void *)&runs);
    CHECK(cz_record_limit(record, 0, 1) == 0);
    CHECK(cz_lane_push(lane, record, CZ_NORMAL) == 0);
    CHECK(next_mail(&reasons) == record);
    CHECK(cz_record_retry(lane, record, 3600LL * SECOND_NS) == 0);
    CHECK(cz_record_cancel(record) == 1);
    CHECK(cz_record_wait(record, 0) == 0 && phase_of(record) == CZ_CANCELLED);
    CHECK(atomic_load(&runs) == 1);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_stop_request_or_abandonment_forbids_a_retry(void)
{
    for (int abandon = 0; abandon < 2; abandon++) {
        _Atomic(long) runs = 0;
        struct cz_record *record;
        uint32_t reasons;
        set_up(1, 4);
        record = call_new(cache, call_type(pool, fail_twice), (void *)&runs);
        CHECK(cz_record_limit(record, 0, 1) == 0);
        CHECK(cz_lane_push(lane, record, CZ_NORMAL) == 0);
        CHECK(next_mail(&reasons) == record);
        if (abandon)
            CHECK(cz_record_abandon(record, CZ_CANCELLED) == 1);
        else
            CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 2);
        CHECK(cz_record_retry(lane, record, 0) == CZ_ECLOSED);
        cz_record_conclude(cache, record, CZ_CANCELLED);
        CHECK(cz_record_wait(record, 0) == 0 && phase_of(record) == CZ_CANCELLED);
        CHECK(cz_mail_take(pool, &reasons) == NULL);
        cz_record_drop(cache, record);
        tear_down();
    }
}

static void test_retry_needs_no_memory(void)
{
    _Atomic(long) runs = 0;
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = call_new(cache, call_type(pool, fail_twice), (void *)&runs);
    CHECK(cz_record_limit(record, 0, 1) == 0);
    CHECK(cz_lane_push(lane, record, CZ_NORMAL) == 0);
    for (int retry = 0; retry < 2; retry++) {
        CHECK(next_mail(&reasons) == record);
        atomic_store(&check_fail_at, atomic_load(&check_count));
        CHECK(cz_record_retry(lane, record, 0) == 0);
        atomic_store(&check_fail_at, -1);
    }
    CHECK(cz_record_wait(record, -1) == 0 && phase_of(record) == CZ_COMPLETED);
    cz_record_drop(cache, record);
    tear_down();
}

/* --- what the library cannot stop ------------------------------------------------------ */

static void test_limit_of_an_uninterruptible_run_is_posted(void)
{
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = call_new(cache, call_type(pool, block), NULL);
    CHECK(cz_record_limit(record, MILLISECOND_NS, 0) == 0);
    CHECK(cz_lane_push(lane, record, CZ_NORMAL) == 0);
    CHECK(next_mail(&reasons) == record && reasons == CZ_MAIL_STOP);
    CHECK(atomic_load(&record->state) & CZ_STOP_TIMEOUT && phase_of(record) == CZ_RUNNING);
    gate_pass(&entered);
    CHECK(cz_record_abandon(record, CZ_FAILED) == 1);
    CHECK(cz_record_wait(record, 0) == 0 && phase_of(record) == CZ_FAILED);
    cz_record_drop(cache, record); /* its memory is the runner's until it ends */
    gate_open(&leave, 1);
    tear_down();
}

/* A waiter runs what still waits for room: the timer of its delay is in use. */
static void test_limit_of_a_run_begins_at_the_latest_when_its_delay_is_over(void)
{
    struct cz_record *record, *blockers[3];
    struct cz_type *type;
    uint32_t reasons;
    set_up(1, 2);
    type = call_type(pool, block);
    for (int i = 0; i < 3; i++) {
        blockers[i] = call_push(lane, cache, type, NULL, CZ_NORMAL);
        if (i == 0)
            gate_pass(&entered);
    }
    record = call_new(cache, type, NULL);
    CHECK(cz_record_limit(record, MILLISECOND_NS, 0) == 0);
    CHECK(cz_record_watch(record) == 1);
    CHECK(cz_record_delay(lane, record, CZ_NORMAL, 0) == 0);
    CHECK(cz_record_start(record) == 1);
    cz_record_begin(record);
    gate_open(&leave, 3);
    CHECK(next_mail(&reasons) == record && reasons == CZ_MAIL_STOP);
    cz_record_finish(record, CZ_FAILED);
    CHECK(next_mail(&reasons) == record && reasons == CZ_MAIL_ENDED);
    cz_record_drop(cache, record);
    for (int i = 0; i < 3; i++) {
        CHECK(cz_record_wait(blockers[i], -1) == 0);
        cz_record_drop(cache, blockers[i]);
    }
    tear_down();
}

static void test_stop_of_an_uninterruptible_run_marks_it_and_posts_nothing(void)
{
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = call_push(lane, cache, call_type(pool, block), NULL, CZ_NORMAL);
    gate_pass(&entered);
    CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 2);
    CHECK(atomic_load(&record->state) & CZ_STOP_CANCEL && phase_of(record) == CZ_RUNNING);
    CHECK(cz_record_abandon(record, CZ_CANCELLED) == 1);
    CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 0);
    CHECK(cz_mail_take(pool, &reasons) == NULL);
    cz_record_drop(cache, record); /* no mail will name it */
    gate_open(&leave, 1);
    tear_down();
}

static void test_run_within_its_limit_is_left_alone(void)
{
    _Atomic(long) runs = 0;
    uint32_t reasons;
    struct cz_type *type;
    set_up(2, 4);
    type = call_type(pool, count_run);
    for (int i = 0; i < 2000; i++) {
        struct cz_record *record = call_new(cache, type, (void *)&runs);
        CHECK(cz_record_limit(record, 3600LL * SECOND_NS, 0) == 0);
        CHECK(cz_lane_push(lane, record, CZ_NORMAL) == 0);
        CHECK(cz_record_wait(record, -1) == 0 && phase_of(record) == CZ_COMPLETED);
        cz_record_drop(cache, record);
    }
    CHECK(cz_mail_take(pool, &reasons) == NULL);
    tear_down();
}

static void test_stop_and_end_agree(void)
{
    _Atomic(long) runs = 0;
    struct cz_type *type;
    uint64_t rng = 41;
    uint32_t reasons;
    set_up(1, 8192); /* cancelled ones stay queued */
    type = call_type(pool, count_run);
    cz_type_set_interruptible(type);
    for (int i = 0; i < 5000; i++) {
        struct cz_record *record = call_push(lane, cache, type, (void *)&runs, CZ_HIGH);
        for (uint64_t n = draw(&rng) % 4000; n; n--)
            cz__pause();
        cz_record_stop(record, CZ_STOP_CANCEL);
        CHECK(cz_record_wait(record, -1) == 0);
        CHECK(phase_of(record) == CZ_COMPLETED || phase_of(record) == CZ_CANCELLED);
        if (phase_of(record) == CZ_CANCELLED)
            atomic_fetch_add(&runs, 1);
        cz_record_drop(cache, record);
    }
    CHECK(atomic_load(&runs) == 5000);
    CHECK(cz_mail_take(pool, &reasons) == NULL);
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
    RUN(test_watched_record_is_posted_once_it_has_ended);
    RUN(test_ring_reaches_a_taker_about_to_sleep);
    RUN(test_diverted_failure_is_retried_until_it_succeeds);
    RUN(test_concluded_failure_is_final);
    RUN(test_waiting_retry_can_be_cancelled);
    RUN(test_stop_request_or_abandonment_forbids_a_retry);
    RUN(test_retry_needs_no_memory);
    RUN(test_limit_of_an_uninterruptible_run_is_posted);
    RUN(test_limit_of_a_run_begins_at_the_latest_when_its_delay_is_over);
    RUN(test_stop_of_an_uninterruptible_run_marks_it_and_posts_nothing);
    RUN(test_run_within_its_limit_is_left_alone);
    RUN(test_stop_and_end_agree);
    return 0;
}
