/* Leaving what a pool runs: chunks of batches, and all of it at once. */
#include "endless.h"

/* --- batches --------------------------------------------------------------------------- */

/* Goes on in count_down, for ever, from item 50. */
static int32_t chunk(const struct cz_span *spans, int64_t inner, int64_t begin, int64_t end,
                     int64_t *failed, void **error)
{
    (void)inner;
    (void)failed;
    if (begin <= 50 && 50 < end) {
        struct call payload = {0, NULL};
        cz_entry entry;
        memcpy(&entry, &spans[0].base, sizeof entry);
        gate_open(&entered, 1);
        entry(&payload, error);
    }
    return 0;
}

static void test_cancelled_batch_leaves_an_endless_chunk(void)
{
    struct cz_span span = {code, 0, 0};
    for (uint32_t workers = 1; workers <= 2; workers++) {
        struct cz_batch *batch;
        set_up_code(workers);
        CHECK(cz_batch_submit(lane, chunk, &span, 1, 1, 1000, 10, CZ_NORMAL, CZ_BATCH_INTERRUPTIBLE,
                              0, NULL, &batch) == 0);
        gate_pass(&entered);
        CHECK(cz_batch_cancel(batch) == 1);
        CHECK(cz_batch_wait(batch, 60LL * SECOND_NS) == 0);
        CHECK(cz_batch_phase(batch) == CZ_CANCELLED);
        CHECK(cz_batch_handed_out(batch) == 50);
        YIELD_UNTIL(cz_batch_released(batch));
        cz_batch_drop(batch);
        check_still_serves(CZ_NORMAL);
        tear_down();
    }
}

static void test_pool_that_is_given_up_stops_what_runs(void)
{
    struct cz_record *records[3];
    set_up_code(2);
    CHECK(cz_pool_stop_running(pool) == 0);
    records[0] = run_for_ever(CZ_NORMAL);
    records[1] = run_for_ever(CZ_LOW);
    records[2] = run_for_ever(CZ_CRITICAL);
    YIELD_UNTIL(cz_pool_stop_running(pool) == 0);
    for (int i = 0; i < 3; i++) {
        CHECK(cz_record_wait(records[i], 60LL * SECOND_NS) == 0);
        CHECK(phase_of(records[i]) == CZ_CANCELLED && records[i]->finished_at);
        cz_record_drop(cache, records[i]);
    }
    check_still_serves(CZ_NORMAL); /* who is not asked again goes on */
    tear_down();
}

static void test_given_up_pool_leaves_what_is_not_interruptible(void)
{
    struct cz_record *record;
    set_up_code(1);
    record = push_deaf();
    for (int i = 0; i < 100; i++)
        CHECK(cz_pool_stop_running(pool) == 1);
    end_deaf(record);
    tear_down();
}

int main(void)
{
#if defined(__SANITIZE_THREAD__)
    /* It runs handlers at calls that it intercepts only, and an endless loop makes none. */
    puts("skipped: ThreadSanitizer delays signals");
    return 0;
#endif
    code = new_count_down();
    RUN(test_cancelled_batch_leaves_an_endless_chunk);
    RUN(test_pool_that_is_given_up_stops_what_runs);
    RUN(test_given_up_pool_leaves_what_is_not_interruptible);
    return 0;
}
