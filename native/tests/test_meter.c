/* Meters: buckets, what ends count as, what a worker shows. */
#include "running.h"

static int32_t fail(void *payload, void **error)
{
    (void)payload;
    (void)error;
    return 1;
}

static uint64_t summed(const struct cz_type *type, bool run)
{
    struct cz__stats *stats = pool->stats;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < stats->meters_most; i++) {
        struct cz__ledger *ledger;
        if (atomic_load(&stats->blocks[i].ledgers[type->account]) == 0)
            continue;
        ledger = cz__ledger_of(&stats->meters[i], type->account);
        for (unsigned j = 0; j < CZ__BUCKETS; j++)
            sum += atomic_load(run ? &ledger->run.count[j] : &ledger->wait.count[j]);
    }
    return sum;
}

static uint64_t waited_at(unsigned level)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < pool->stats->meters_most; i++)
        for (unsigned j = 0; j < CZ__BUCKETS; j++)
            sum += atomic_load(&pool->stats->blocks[i].wait[level].count[j]);
    return sum;
}

/* --- buckets ------------------------------------------------------------------------- */

static void check_bucket(uint64_t ticks)
{
    unsigned bucket = cz__bucket(ticks);
    uint64_t low = cz__bucket_low(bucket), next = cz__bucket_low(bucket + 1);
    CHECK(bucket < CZ__BUCKETS && low <= ticks && ticks < next);
    /* The middle is less than 1.6 percent away: |ticks - middle| * 64 <= ticks. */
    CHECK((next - low) * 32 <= low || next - low == 1);
}

static void test_every_time_is_in_its_bucket_and_near_its_middle(void)
{
    uint64_t random = 88172645463325252u;
    for (uint64_t ticks = 0; ticks < 100000; ticks++)
        check_bucket(ticks);
    for (unsigned shift = 6; shift < CZ__TICK_BITS; shift++)
        for (int64_t off = -2; off <= 2; off++)
            check_bucket(((uint64_t)1 << shift) + (uint64_t)off);
    for (int i = 0; i < 1000000; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        check_bucket(random >> (64 - CZ__TICK_BITS) >> (random % CZ__TICK_BITS));
    }
}

static void test_buckets_are_numbered_without_gap_and_the_last_takes_the_rest(void)
{
    for (unsigned i = 0; i < CZ__BUCKETS; i++)
        CHECK(cz__bucket(cz__bucket_low(i)) == i);
    CHECK(cz__bucket(((uint64_t)1 << CZ__TICK_BITS) - 1) == CZ__BUCKETS - 1);
    CHECK(cz__bucket((uint64_t)1 << CZ__TICK_BITS) == CZ__BUCKETS - 1);
    CHECK(cz__bucket(UINT64_MAX) == CZ__BUCKETS - 1);
}

/* --- what is counted --------------------------------------------------------------------- */

static void test_each_run_is_counted_before_its_waiter_goes_on(void)
{
    struct cz_type *good, *bad;
    set_up(2, 64);
    good = named_type(succeed, "good");
    bad = named_type(fail, "bad");
    for (uint64_t i = 1; i <= 200; i++) {
        run(good, CZ_HIGH, 1);
        CHECK(counted(good, CZ_COUNT_COMPLETED) == i);
        run(bad, CZ_LOW, 1);
        CHECK(counted(bad, CZ_COUNT_FAILED) == i);
    }
    CHECK(counted(good, CZ_COUNT_FAILED) == 0 && counted(bad, CZ_COUNT_COMPLETED) == 0);
    CHECK(summed(good, true) == 200 && summed(good, false) == 200);
    CHECK(waited_at(CZ_HIGH) == 200 && waited_at(CZ_LOW) == 200 && waited_at(CZ_NORMAL) == 0);
    tear_down();
}

static void test_cancelled_call_counts_as_that_alone(void)
{
    struct cz_record *first, *second;
    struct cz_type *type;
    set_up(1, 64);
    type = named_type(block, "block");
    first = call_push(lane, cache, type, NULL, CZ_NORMAL);
    gate_pass(&entered);
    second = call_push(lane, cache, type, NULL, CZ_NORMAL);
    CHECK(cz_record_cancel(second) == 1 && cz_record_cancel(second) == 0);
    CHECK(counted(type, CZ_COUNT_CANCELLED) == 1 && summed(type, true) == 0);
    gate_open(&leave, 1);
    CHECK(cz_record_wait(first, -1) == 0);
    CHECK(counted(type, CZ_COUNT_COMPLETED) == 1 && counted(type, CZ_COUNT_CANCELLED) == 1);
    cz_record_drop(cache, first);
    cz_record_drop(cache, second);
    tear_down();
}

static void test_diverted_failure_counts_when_it_is_concluded(void)
{
    struct cz_record *record;
    struct cz_type *type;
    uint32_t reasons;
    set_up(1, 64);
    type = named_type(fail, "fail");
    record = call_new(cache, type, NULL);
    CHECK(cz_record_limit(record, 0, 1) == 0);
    CHECK(cz_lane_push(lane, record, CZ_NORMAL) == 0);
    for (uint64_t tries = 1; tries <= 3; tries++) {
        while (cz_mail_take(pool, &reasons) == NULL)
            cz_mail_wait(pool, SECOND_NS);
        CHECK(reasons == CZ_MAIL_FAILED && summed(type, true) == tries);
        CHECK(counted(type, CZ_COUNT_FAILED) == 0);
        if (tries < 3)
            CHECK(cz_record_retry(lane, record, 0) == 0);
    }
    cz_record_conclude(cache, record, CZ_FAILED);
    CHECK(counted(type, CZ_COUNT_FAILED) == 1 && counted(type, CZ_COUNT_RETRIED) == 2);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_run_that_was_abandoned_counts_once(void)
{
    struct cz_record *record;
    struct cz_type *type;
    set_up(1, 64);
    type = named_type(block, "block");
    record = call_push(lane, cache, type, NULL, CZ_NORMAL);
    gate_pass(&entered);
    CHECK(cz_record_abandon(record, CZ_CANCELLED) == 1);
    gate_open(&leave, 1);
    while (summed(type, true) == 0)
        sched_yield();
    run(named_type(succeed, "next"), CZ_NORMAL, 1); /* the worker is through with the first */
    CHECK(counted(type, CZ_COUNT_CANCELLED) == 1 && counted(type, CZ_COUNT_COMPLETED) == 0);
    cz_record_drop(cache, record);
    tear_down();
}

static int32_t chunk_fails_at_7(const struct cz_span *spans, int64_t inner, int64_t begin,
                                int64_t end, int64_t *failed, void **error)
{
    (void)spans;
    (void)inner;
    (void)error;
    if (begin > 7 || end <= 7)
        return 0;
    *failed = 7;
    return 1;
}

static void run_batch(uint32_t account, int flags)
{
    struct cz_span span = {NULL, 0, 0};
    struct cz_batch *batch;
    CHECK(cz_batch_submit(lane, chunk_fails_at_7, &span, 1, 1, 100, 10, CZ_LOW, flags, account,
                          NULL, &batch) == 0);
    CHECK(cz_batch_wait(batch, -1) == 0);
    cz_batch_drop(batch);
}

static void test_items_of_a_batch_are_calls(void)
{
    struct cz_type *type;
    set_up(1, 64);
    type = named_type(succeed, "items");
    run_batch(type->account, CZ_BATCH_COLLECT);
    CHECK(counted(type, CZ_COUNT_COMPLETED) == 99 && counted(type, CZ_COUNT_FAILED) == 1);
    CHECK(summed(type, true) == 100 && waited_at(CZ_LOW) == 100);
    tear_down();
}

static void test_items_behind_the_failure_that_stops_a_batch_are_not_counted(void)
{
    struct cz_type *type;
    set_up(1, 64);
    type = named_type(succeed, "items");
    run_batch(type->account, 0);
    CHECK(counted(type, CZ_COUNT_COMPLETED) == 7 && counted(type, CZ_COUNT_FAILED) == 1);
    CHECK(counted(type, CZ_COUNT_CANCELLED) == 0);
    tear_down();
}

static void test_call_run_by_its_submitter_is_counted(void)
{
    struct cz_record *record;
    struct cz_type *type;
    set_up(1, 64);
    type = named_type(succeed, "here");
    record = call_new(cache, type, NULL);
    record->level = CZ_NORMAL;
    record->queued_at = cz_ticks();
    CHECK(cz_record_start(record));
    cz_record_run(record);
    CHECK(counted(type, CZ_COUNT_COMPLETED) == 1);
    cz_record_release(cache, record);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_every_call_ends_in_one_counter(void)
{
    enum { CALLS = 5000 };
    struct cz_type *type;
    uint64_t sum = 0, cancelled = 0;
    set_up(2, 4096);
    type = named_type(give_argument, "b");
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
        sum += counted(type, what);
    CHECK(sum == CALLS && counted(type, CZ_COUNT_CANCELLED) == cancelled);
    tear_down();
}

/* --- workers ------------------------------------------------------------------------- */

static void test_worker_shows_what_it_is_inside_of(void)
{
    struct cz_record *record;
    struct cz_type *type;
    struct cz__block *block_;
    set_up(1, 64);
    type = named_type(block, "block");
    block_ = &pool->stats->blocks[0];
    CHECK(atomic_load(&block_->kind) == CZ__METER_NATIVE && atomic_load(&block_->here));
    record = call_push(lane, cache, type, NULL, CZ_NORMAL);
    gate_pass(&entered);
    CHECK(atomic_load(&block_->started) && atomic_load(&block_->account) == type->account);
    gate_open(&leave, 1);
    CHECK(cz_record_wait(record, -1) == 0);
    while (atomic_load(&block_->started))
        sched_yield();
    CHECK(atomic_load(&block_->done) == 1 && atomic_load(&block_->busy) > 0);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_guest_goes_on_with_the_meter_of_one_that_left(void)
{
    struct cz_lane *python;
    struct cz_guest *guest;
    uint32_t taken = 0;
    set_up(1, 64);
    python = cz_pool_lane(pool, CZ_LANE_PYTHON);
    for (int i = 0; i < 10; i++) {
        guest = cz_guest_enter(python, CZ_LEVELS);
        cz_guest_leave(guest);
    }
    for (uint32_t i = 0; i < pool->stats->meters_most; i++)
        taken += atomic_load(&pool->stats->blocks[i].kind) == CZ__METER_PYTHON;
    CHECK(taken == 1);
    tear_down();
}

int main(void)
{
    RUN(test_every_time_is_in_its_bucket_and_near_its_middle);
    RUN(test_buckets_are_numbered_without_gap_and_the_last_takes_the_rest);
    RUN(test_each_run_is_counted_before_its_waiter_goes_on);
    RUN(test_cancelled_call_counts_as_that_alone);
    RUN(test_diverted_failure_counts_when_it_is_concluded);
    RUN(test_run_that_was_abandoned_counts_once);
    RUN(test_items_of_a_batch_are_calls);
    RUN(test_items_behind_the_failure_that_stops_a_batch_are_not_counted);
    RUN(test_call_run_by_its_submitter_is_counted);
    RUN(test_every_call_ends_in_one_counter);
    RUN(test_worker_shows_what_it_is_inside_of);
    RUN(test_guest_goes_on_with_the_meter_of_one_that_left);
    return 0;
}
