/* Runs that ask for another way: their records are the mail taker's to conclude. */
#include "running.h"

#include "ending.h"
#include "limit.h"

enum { ASKS = 77 };

static struct cz_type *rerun_type(cz_entry entry)
{
    struct cz_type *type = named_type(entry, "asks");
    cz_type_set_rerun(type, ASKS);
    return type;
}

static void *status(int32_t value)
{
    return (void *)(intptr_t)value;
}

static void test_a_run_that_asks_is_posted_and_does_not_end(void)
{
    struct cz_type *type;
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    type = rerun_type(give_argument);
    record = call_push(lane, cache, type, status(ASKS), CZ_HIGH);
    CHECK(next_mail(&reasons) == record && reasons == CZ_MAIL_RERUN);
    CHECK(phase_of(record) == CZ_RUNNING && cz_record_wait(record, 0) == CZ_ETIMEDOUT);
    CHECK(cz_record_limit_ns(record) == 0);
    cz_record_conclude(cache, record, CZ_FAILED);
    CHECK(cz_record_wait(record, -1) == 0 && phase_of(record) == CZ_FAILED);
    CHECK(counted(type, CZ_COUNT_FAILED) == 1);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_another_failure_just_fails(void)
{
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = call_push(lane, cache, rerun_type(give_argument), status(ASKS + 1), CZ_HIGH);
    CHECK(cz_record_wait(record, -1) == 0 && phase_of(record) == CZ_FAILED);
    CHECK(cz_mail_take(pool, &reasons) == NULL);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_time_that_is_over_is_counted_as_that(void)
{
    struct cz_type *type;
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    type = rerun_type(give_argument);
    record = call_new(cache, type, status(ASKS));
    CHECK(cz_record_limit(record, 60LL * SECOND_NS, 0) == 0);
    CHECK(cz_lane_push(lane, record, CZ_HIGH) == 0);
    CHECK(next_mail(&reasons) == record && reasons == CZ_MAIL_RERUN);
    CHECK(cz_record_limit_ns(record) > 59LL * SECOND_NS &&
          cz_record_limit_ns(record) < 61LL * SECOND_NS);
    cz_record_conclude(cache, record, CZ_FAILED | CZ_STOP_TIMEOUT);
    CHECK(phase_of(record) == CZ_FAILED);
    CHECK(counted(type, CZ_COUNT_TIMED_OUT) == 1 && counted(type, CZ_COUNT_FAILED) == 0);
    cz_record_drop(cache, record);
    tear_down();
}

/* As the clock finds it that comes between the end of the code and the end of the limit. */
static void test_a_limit_that_comes_after_the_question_is_left_to_the_taker(void)
{
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = call_new(cache, rerun_type(give_argument), status(ASKS));
    CHECK(cz_record_limit(record, 60LL * SECOND_NS, 0) == 0);
    CHECK(cz_record_start(record));
    cz_record_begin(record);
    pthread_mutex_lock(&pool->extras.lock);
    CHECK(cz__extra_ensure_running(record, CZ_RERUN));
    cz__limit_due(pool, cz__extra_of(record), cz_ticks());
    pthread_mutex_unlock(&pool->extras.lock);
    CHECK(!(atomic_load(&record->state) & CZ_STOP_TIMEOUT));
    record->status = ASKS;
    cz__record_ran(cache, record);
    CHECK(next_mail(&reasons) == record && reasons == CZ_MAIL_RERUN);
    cz_record_conclude(cache, record, CZ_FAILED);
    CHECK(phase_of(record) == CZ_FAILED);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_stop_leaves_it_to_the_taker(void)
{
    struct cz_type *type;
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    type = rerun_type(give_argument);
    cz_type_set_interruptible(type);
    record = call_push(lane, cache, type, status(ASKS), CZ_HIGH);
    CHECK(next_mail(&reasons) == record && reasons == CZ_MAIL_RERUN);
    CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 1);
    CHECK(atomic_load(&record->state) & CZ_STOP_CANCEL && phase_of(record) == CZ_RUNNING);
    cz_record_conclude(cache, record, CZ_CANCELLED);
    CHECK(phase_of(record) == CZ_CANCELLED && counted(type, CZ_COUNT_CANCELLED) == 1);
    cz_record_drop(cache, record);
    tear_down();
}

static int32_t ask_when_let(void *payload, void **error)
{
    (void)payload, (void)error;
    gate_open(&entered, 1);
    gate_pass(&leave);
    return ASKS;
}

static void test_nothing_is_posted_of_a_run_that_was_to_be_stopped(void)
{
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = call_push(lane, cache, rerun_type(ask_when_let), NULL, CZ_HIGH);
    gate_pass(&entered);
    CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 2); /* not interruptible: marked */
    gate_open(&leave, 1);
    CHECK(cz_record_wait(record, -1) == 0 && phase_of(record) == CZ_CANCELLED);
    CHECK(cz_mail_take(pool, &reasons) == NULL);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_nothing_is_posted_when_the_handle_is_gone(void)
{
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = call_push(lane, cache, rerun_type(ask_when_let), NULL, CZ_HIGH);
    gate_pass(&entered);
    cz_record_drop(cache, record);
    gate_open(&leave, 1);
    run(call_type(pool, succeed), CZ_HIGH, 1); /* behind it */
    CHECK(cz_mail_take(pool, &reasons) == NULL);
    tear_down();
}

static void test_a_close_waits_for_the_taker(void)
{
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = call_push(lane, cache, rerun_type(give_argument), status(ASKS), CZ_HIGH);
    CHECK(next_mail(&reasons) == record);
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, 2 * MILLISECOND_NS) == CZ_ETIMEDOUT);
    cz_record_drop(cache, record); /* the taker's hold is the pool's */
    cz_record_conclude(cache, record, CZ_FAILED);
    CHECK(cz_pool_join(pool, 60LL * SECOND_NS) == 0);
    tear_down();
}

static void test_a_retry_asks_again(void)
{
    struct cz_record *record;
    uint32_t reasons;
    set_up(1, 4);
    record = call_new(cache, rerun_type(give_argument), status(ASKS));
    CHECK(cz_record_limit(record, 0, 1) == 0);
    CHECK(cz_lane_push(lane, record, CZ_HIGH) == 0);
    CHECK(next_mail(&reasons) == record && reasons == CZ_MAIL_RERUN);
    CHECK(cz_record_retry(lane, record, 0) == 0);
    CHECK(next_mail(&reasons) == record && reasons == CZ_MAIL_RERUN);
    cz_record_conclude(cache, record, CZ_FAILED);
    CHECK(cz_record_wait(record, -1) == 0 && phase_of(record) == CZ_FAILED);
    cz_record_drop(cache, record);
    tear_down();
}

int main(void)
{
    RUN(test_a_run_that_asks_is_posted_and_does_not_end);
    RUN(test_another_failure_just_fails);
    RUN(test_time_that_is_over_is_counted_as_that);
    RUN(test_a_limit_that_comes_after_the_question_is_left_to_the_taker);
    RUN(test_stop_leaves_it_to_the_taker);
    RUN(test_nothing_is_posted_of_a_run_that_was_to_be_stopped);
    RUN(test_nothing_is_posted_when_the_handle_is_gone);
    RUN(test_a_close_waits_for_the_taker);
    RUN(test_a_retry_asks_again);
    return 0;
}
