/* Mail, retries and limits: what becomes of a run in the end. */
#include "running.h"

/* Fails until its argument, a count of runs, is at 3. */
static int32_t fail_twice(void *payload, void **error)
{
    (void)error;
    return atomic_fetch_add((_Atomic(long) *)((struct call *)payload)->argument, 1) < 2 ? 9 : 0;
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

/* Pushes a call that fails twice, with retries: each failure is mailed. */
static struct cz_record *push_failing(_Atomic(long) *runs)
{
    struct cz_record *record = call_new(cache, call_type(pool, fail_twice), (void *)runs);
    CHECK(cz_record_limit(record, 0, 1) == 0);
    CHECK(cz_lane_push(lane, record, CZ_NORMAL) == 0);
    return record;
}

static void test_diverted_failure_is_retried_until_it_succeeds(void)
{
    _Atomic(long) runs = 0;
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = push_failing(&runs);
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
    record = push_failing(&runs);
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
    record = push_failing(&runs);
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
        record = push_failing(&runs);
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
    record = push_failing(&runs);
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
