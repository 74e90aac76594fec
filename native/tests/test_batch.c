/* Batches: every index once, cancels and failures. */
#include "planned.h"

static void test_one_item(void)
{
    struct cz_batch *batch;
    uint64_t queued, started, finished;
    set_up(1, 4);
    batch = must_submit(1, 0);
    CHECK(cz_batch_wait(batch, -1) == 0);
    CHECK(cz_batch_phase(batch) == CZ_COMPLETED);
    CHECK(cz_batch_done(batch) == 1 && cz_batch_handed_out(batch) == 1);
    cz_batch_times(batch, &queued, &started, &finished);
    CHECK(queued && started >= queued && finished >= started);
    check_ran(1);
    YIELD_UNTIL(cz_batch_released(batch));
    cz_batch_drop(batch);
    pool_stop(pool);
}

static void test_no_items_is_completed_at_once(void)
{
    struct cz_batch *batch;
    set_up(1, 4);
    batch = must_submit(0, 0);
    CHECK(cz_batch_wait(batch, 0) == 0 && cz_batch_phase(batch) == CZ_COMPLETED);
    CHECK(cz_batch_cancel(batch) == 0 && cz_batch_released(batch));
    cz_batch_drop(batch);
    pool_stop(pool);
}

static void test_every_index_runs_once(void)
{
    static const int64_t lengths[] = {1, 2, 3, 63, 1000, MOST}, sizes[] = {0, 1, 7, 1 << 20};
    for (uint32_t workers = 1; workers <= 3; workers++)
        for (int i = 0; i < 6; i++)
            for (int j = 0; j < 4; j++) {
                struct cz_batch *batch;
                set_up(workers, 4);
                batch = must_submit(lengths[i], sizes[j]);
                CHECK(cz_batch_wait(batch, -1) == 0);
                CHECK(cz_batch_phase(batch) == CZ_COMPLETED);
                CHECK(cz_batch_done(batch) == lengths[i]);
                check_ran(lengths[i]);
                CHECK(sizes[j] == 0 || atomic_load(&plan.longest) <= sizes[j]);
                cz_batch_drop(batch);
                pool_stop(pool);
            }
}

static void test_adaptive_chunks_are_few_and_none_too_long(void)
{
    struct cz_batch *batch;
    set_up(1, 4);
    plan.spin = 100; /* some 50 ns and more */
    batch = must_submit(MOST, 0);
    CHECK(cz_batch_wait(batch, -1) == 0);
    CHECK(atomic_load(&plan.chunks) < MOST / 10);
    CHECK(atomic_load(&plan.longest) <= MOST / 2);
    cz_batch_drop(batch);
    pool_stop(pool);
}

/* --- refusals ------------------------------------------------------------------------ */

static void test_bad_arguments_are_refused(void)
{
    struct cz_span span = {NULL, 0, 0};
    struct cz_batch *batch;
    set_up(1, 4);
    CHECK(cz_batch_submit(lane, chunk, &span, 0, 1, 1, 0, 0, 0, 0, NULL, &batch) == CZ_EINVAL);
    CHECK(cz_batch_submit(lane, chunk, &span, 1, 0, 1, 0, 0, 0, 0, NULL, &batch) == CZ_EINVAL);
    CHECK(cz_batch_submit(lane, chunk, &span, 1, 1, -1, 0, 0, 0, 0, NULL, &batch) == CZ_EINVAL);
    CHECK(cz_batch_submit(lane, chunk, &span, 1, 1, INT64_MAX, 0, 0, 0, 0, NULL, &batch) ==
          CZ_EINVAL);
    CHECK(cz_batch_submit(lane, chunk, &span, 1, 1, 1, -1, 0, 0, 0, NULL, &batch) == CZ_EINVAL);
    CHECK(cz_batch_submit(lane, chunk, &span, 1, 1, 1, 0, CZ_LEVELS, 0, 0, NULL, &batch) ==
          CZ_EINVAL);
    atomic_store(&check_fail_at, atomic_load(&check_count));
    CHECK(submit(1, 0, CZ_LOW, 0, &batch) == CZ_ENOMEM);
    atomic_store(&check_fail_at, -1);
    pool_stop(pool);
}

static void test_full_and_closed_lanes_refuse(void)
{
    struct cz_batch *running, *queued, *refused;
    set_up(1, 1);
    plan.block_at = 0;
    running = must_submit(1, 0);
    gate_pass(&plan.entered);
    CHECK(submit(0, 0, CZ_NORMAL, 0, &queued) == 0); /* takes no place */
    cz_batch_drop(queued);
    plan.block_at = -1;
    queued = must_submit(1, 0);
    CHECK(submit(1, 0, CZ_NORMAL, 0, &refused) == CZ_EFULL);
    CHECK(cz_batch_cancel(queued) == 1);
    cz_pool_close(pool);
    CHECK(submit(1, 0, CZ_NORMAL, 0, &refused) == CZ_ECLOSED);
    CHECK(submit(0, 0, CZ_NORMAL, 0, &refused) == CZ_ECLOSED);
    gate_open(&plan.leave, 1);
    CHECK(cz_batch_wait(running, -1) == 0);
    cz_batch_drop(running);
    cz_batch_drop(queued);
    pool_stop(pool);
}

/* --- cancel -------------------------------------------------------------------------- */

static void test_cancel_before_the_start_runs_nothing(void)
{
    struct cz_batch *running, *queued;
    set_up(1, 4);
    plan.block_at = 0;
    running = must_submit(1, 0);
    gate_pass(&plan.entered);
    queued = must_submit(1000, 0);
    CHECK(cz_batch_phase(queued) == CZ_PENDING);
    CHECK(cz_batch_cancel(queued) == 1 && cz_batch_cancel(queued) == 0);
    CHECK(cz_batch_wait(queued, 0) == 0 && cz_batch_phase(queued) == CZ_CANCELLED);
    CHECK(cz_batch_handed_out(queued) == 0 && cz_batch_done(queued) == 0);
    CHECK(!cz_batch_released(queued)); /* its ticket is in the queue yet */
    gate_open(&plan.leave, 1);
    CHECK(cz_batch_wait(running, -1) == 0);
    YIELD_UNTIL(cz_batch_released(queued));
    check_ran(1);
    cz_batch_drop(running);
    cz_batch_drop(queued);
    pool_stop(pool);
}

static void test_cancel_of_a_running_batch_ends_after_the_chunks(void)
{
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct cz_batch *batch;
        int64_t out;
        set_up(workers, 4);
        plan.block_at = 105;
        batch = must_submit(MOST, 10);
        gate_pass(&plan.entered);
        CHECK(cz_batch_cancel(batch) == 1);
        out = cz_batch_handed_out(batch);
        CHECK(out >= 110 && out % 10 == 0);
        CHECK(cz_batch_wait(batch, 0) == CZ_ETIMEDOUT); /* a chunk still runs */
        CHECK(cz_batch_done(batch) < out);
        gate_open(&plan.leave, 1);
        CHECK(cz_batch_wait(batch, -1) == 0 && cz_batch_phase(batch) == CZ_CANCELLED);
        CHECK(cz_batch_handed_out(batch) == out && cz_batch_done(batch) == out);
        CHECK(cz_batch_cancel(batch) == 0);
        check_ran(out);
        cz_batch_drop(batch);
        pool_stop(pool);
    }
}

static void test_cancel_pending_stops_a_batch_that_only_workers_hold(void)
{
    struct cz_batch *batch;
    set_up(1, 4);
    plan.block_at = 5;
    batch = must_submit(MOST, 10);
    gate_pass(&plan.entered);
    CHECK(cz_pool_cancel_pending(pool) == 0);
    gate_open(&plan.leave, 1);
    CHECK(cz_batch_wait(batch, -1) == 0 && cz_batch_phase(batch) == CZ_CANCELLED);
    check_ran(10);
    cz_batch_drop(batch);
    plan.seen[0] = plan.seen[1] = 0;
    batch = must_submit(2, 0); /* later ones are not concerned */
    CHECK(cz_batch_wait(batch, -1) == 0 && cz_batch_phase(batch) == CZ_COMPLETED);
    cz_batch_drop(batch);
    pool_stop(pool);
}

static void test_cancel_pending_takes_queued_batches(void)
{
    struct cz_batch *running, *queued;
    set_up(1, 4);
    plan.block_at = 0;
    running = must_submit(1, 0);
    gate_pass(&plan.entered);
    queued = must_submit(10, 0);
    CHECK(cz_pool_cancel_pending(pool) == 1);
    CHECK(cz_batch_wait(queued, 0) == 0 && cz_batch_phase(queued) == CZ_CANCELLED);
    CHECK(cz_batch_released(queued));
    gate_open(&plan.leave, 1);
    cz_batch_drop(running);
    cz_batch_drop(queued);
    pool_stop(pool);
}

static _Atomic(int) cancels;

static void *cancel_batch(void *batch)
{
    atomic_fetch_add(&cancels, cz_batch_cancel(batch));
    return NULL;
}

static void test_cancel_and_end_agree(void)
{
    uint64_t rng = 9;
    int both[2] = {0, 0};
    set_up(2, 4);
    for (int round = 0; round < 1000; round++) {
        int64_t length = 1 + (int64_t)(draw(&rng) % 300);
        struct cz_batch *batch;
        pthread_t first, second;
        for (int64_t i = 0; i < length; i++)
            plan.seen[i] = 0;
        atomic_store(&cancels, 0);
        batch = must_submit(length, 1 + (int64_t)(draw(&rng) % 20));
        first = start_thread(cancel_batch, batch);
        second = start_thread(cancel_batch, batch);
        CHECK(cz_batch_wait(batch, -1) == 0);
        join_thread(first);
        join_thread(second);
        CHECK(cz_batch_phase(batch) == (atomic_load(&cancels) ? CZ_CANCELLED : CZ_COMPLETED));
        CHECK(cz_batch_done(batch) == cz_batch_handed_out(batch));
        for (int64_t i = 0; i < length; i++)
            CHECK(atomic_load(&plan.seen[i]) == (i < cz_batch_handed_out(batch)));
        both[atomic_load(&cancels) != 0]++;
        YIELD_UNTIL(cz_batch_released(batch));
        cz_batch_drop(batch);
    }
    printf("  %d completed, %d cancelled\n", both[0], both[1]);
    pool_stop(pool);
}

/* --- failures ------------------------------------------------------------------------ */

static void test_first_failure_stops_the_batch(void)
{
    struct cz_batch *batch;
    int64_t index, out;
    int32_t status;
    void *error;
    uint64_t failures;
    set_up(2, 4);
    plan.fail_every = 1000;
    batch = must_submit(MOST, 10);
    CHECK(cz_batch_wait(batch, -1) == 0 && cz_batch_phase(batch) == CZ_FAILED);
    failures = cz_batch_failure(batch, 0, &index, &status, &error);
    CHECK(failures >= 1 && status == CODE);
    CHECK(index % 1000 == 999 && error == &plan.seen[index]);
    out = cz_batch_handed_out(batch);
    CHECK(out > index && out < MOST);
    for (int64_t i = 0; i < MOST; i++)
        CHECK(atomic_load(&plan.seen[i]) <= (i < out));
    CHECK(cz_batch_cancel(batch) == 0);
    cz_batch_drop(batch);
    pool_stop(pool);
}

static void test_collecting_batch_runs_on_and_sorts_its_failures(void)
{
    for (int64_t size = 0; size < 2000; size += 999) {
        struct cz_batch *batch;
        int64_t index;
        int32_t status;
        void *error;
        set_up(3, 4);
        plan.fail_every = 7;
        CHECK(submit(MOST, size, CZ_HIGH, 1, &batch) == 0);
        CHECK(cz_batch_wait(batch, -1) == 0 && cz_batch_phase(batch) == CZ_COMPLETED);
        check_ran(MOST);
        CHECK(cz_batch_failure(batch, MOST, &index, &status, &error) == MOST / 7);
        for (int64_t i = 0; i < MOST / 7; i++) {
            cz_batch_failure(batch, (uint64_t)i, &index, &status, &error);
            CHECK(index == 7 * i + 6 && status == CODE && error == &plan.seen[index]);
        }
        cz_batch_drop(batch);
        pool_stop(pool);
    }
}

int main(void)
{
    RUN(test_one_item);
    RUN(test_no_items_is_completed_at_once);
    RUN(test_every_index_runs_once);
    RUN(test_adaptive_chunks_are_few_and_none_too_long);
    RUN(test_bad_arguments_are_refused);
    RUN(test_full_and_closed_lanes_refuse);
    RUN(test_cancel_before_the_start_runs_nothing);
    RUN(test_cancel_of_a_running_batch_ends_after_the_chunks);
    RUN(test_cancel_pending_stops_a_batch_that_only_workers_hold);
    RUN(test_cancel_pending_takes_queued_batches);
    RUN(test_cancel_and_end_agree);
    RUN(test_first_failure_stops_the_batch);
    RUN(test_collecting_batch_runs_on_and_sorts_its_failures);
    return 0;
}
