/* Batches among others: chunks that give way, and the end of the pool. */
#include "planned.h"

/* --- giving way ---------------------------------------------------------------------- */

/* Argument: where to note how far the batch is when the task runs. */
static _Atomic(struct cz_batch *) watched;

static int32_t note_progress(void *payload, void **error)
{
    (void)error;
    ((struct call *)payload)->result = cz_batch_done(atomic_load(&watched));
    return 0;
}

/* One worker is inside the first chunk when a task of that level comes: the items that
 * have run when the task does. */
static int64_t items_before_task(uint32_t level)
{
    struct cz_cache *cache;
    struct cz_record *record;
    struct cz_batch *batch;
    int64_t items;
    set_up(1, 4);
    cache = cz_cache_create(pool);
    plan.block_at = 5;
    batch = must_submit(MOST, 10);
    atomic_store(&watched, batch);
    gate_pass(&plan.entered);
    record = call_push(lane, cache, call_type(pool, note_progress), NULL, level);
    gate_open(&plan.leave, 1);
    CHECK(cz_record_wait(record, -1) == 0);
    items = call_of(record)->result;
    CHECK(cz_batch_wait(batch, -1) == 0);
    check_ran(MOST);
    cz_batch_drop(batch);
    cz_record_drop(cache, record);
    cz_cache_destroy(cache);
    pool_stop(pool);
    return items;
}

static void test_urgent_task_waits_for_one_chunk(void)
{
    CHECK(items_before_task(CZ_HIGH) == 10);
}

static void test_task_of_the_same_level_waits_for_one_chunk(void)
{
    CHECK(items_before_task(CZ_NORMAL) == 10);
}

static void test_less_urgent_task_waits_for_64_chunks_at_most(void)
{
    int64_t items = items_before_task(CZ_LOW);
    CHECK(items > 10 && items <= 64 * 10);
}

static void test_two_batches_of_a_level_take_turns(void)
{
    struct cz_batch *first, *second;
    set_up(1, 4);
    plan.block_at = 5;
    first = must_submit(MOST / 2, 10);
    gate_pass(&plan.entered);
    /* The same items again would be seen twice: the second batch has a plan of its own. */
    {
        static struct plan other;
        struct cz_span span = {(char *)&other, 0, 0};
        memset(&other, 0, sizeof other);
        other.block_at = 15; /* in its second chunk */
        gate_init(&other.entered);
        gate_init(&other.leave);
        CHECK(cz_batch_submit(lane, chunk, &span, 1, 1, 100, 10, CZ_NORMAL, 0, 0, NULL, &second) ==
              0);
        gate_open(&plan.leave, 1);
        gate_pass(&other.entered);
        CHECK(cz_batch_done(first) == 20 && cz_batch_done(second) == 10);
        gate_open(&other.leave, 1);
    }
    CHECK(cz_batch_wait(second, -1) == 0 && cz_batch_wait(first, -1) == 0);
    cz_batch_drop(first);
    cz_batch_drop(second);
    pool_stop(pool);
}

/* --- the end of the pool ------------------------------------------------------------- */

static void test_dropped_batch_runs_to_its_end(void)
{
    set_up(2, 4);
    plan.block_at = 3;
    cz_batch_drop(must_submit(MOST, 10));
    gate_pass(&plan.entered);
    gate_open(&plan.leave, 1);
    pool_stop(pool);
    check_ran(MOST);
}

static void test_join_waits_for_a_batch_and_the_reserved_worker_ends_too(void)
{
    struct cz_batch *batch;
    set_up(1, 4);
    plan.block_at = 3;
    batch = must_submit(1000, 10);
    gate_pass(&plan.entered);
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, 2 * MILLISECOND_NS) == CZ_ETIMEDOUT);
    gate_open(&plan.leave, 1);
    CHECK(cz_pool_join(pool, 60LL * SECOND_NS) == 0);
    check_ran(1000);
    cz_batch_drop(batch);
    pool_stop(pool);
}

static void test_closed_pool_still_drains_with_several_workers(void)
{
    set_up(2, 4);
    plan.block_at = 0;
    plan.meet = true;
    cz_batch_drop(must_submit(1000, 1));
    gate_pass(&plan.entered);
    cz_pool_close(pool);
    gate_open(&plan.leave, 1);
    CHECK(cz_pool_join(pool, 60LL * SECOND_NS) == 0);
    pool_stop(pool);
    check_ran(1000);
}

/* Every batch grows to three tickets, which is more than the ring holds: put-back tickets
 * must find room all the same. */
static void test_short_queue_full_of_batches_drains_after_the_close(void)
{
    enum { WORKERS = 3, BATCHES = WORKERS + 1, LENGTH = 200 };
    static struct plan plans[BATCHES];
    set_up(WORKERS, 1);
    memset(plans, 0, sizeof plans);
    for (int i = 0; i < BATCHES; i++) {
        struct cz_span span = {(char *)&plans[i], 0, 0};
        struct cz_batch *batch;
        plans[i].block_at = i < WORKERS ? 0 : -1;
        plans[i].spin = 20000;
        gate_init(&plans[i].entered);
        gate_init(&plans[i].leave);
        CHECK(cz_batch_submit(lane, chunk, &span, 1, 1, LENGTH, 1, CZ_NORMAL, 0, 0, NULL, &batch) ==
              0);
        cz_batch_drop(batch);
        if (i < WORKERS)
            gate_pass(&plans[i].entered);
    }
    cz_pool_close(pool);
    for (int i = 0; i < WORKERS; i++)
        gate_open(&plans[i].leave, 1);
    CHECK(cz_pool_join(pool, 60LL * SECOND_NS) == 0);
    for (int i = 0; i < BATCHES; i++)
        for (int64_t j = 0; j < LENGTH; j++)
            CHECK(atomic_load(&plans[i].seen[j]) == 1);
    pool_stop(pool);
}

static void *submit_until_closed(void *accepted)
{
    struct cz_batch *batch;
    int result;
    gate_open(&plan.entered, 1);
    while ((result = submit(1, 0, CZ_LOW, 0, &batch)) != CZ_ECLOSED)
        if (result == 0) {
            CHECK(cz_batch_wait(batch, -1) == 0);
            CHECK(cz_batch_phase(batch) == CZ_COMPLETED);
            atomic_store(&plan.seen[0], 0);
            ++*(long *)accepted;
            cz_batch_drop(batch);
        }
    return NULL;
}

static void test_batch_that_races_with_the_close_runs_or_is_refused(void)
{
    uint64_t rng = 77;
    for (int round = 0; round < 500; round++) {
        pthread_t thread;
        long accepted = 0;
        set_up(1, 4);
        thread = start_thread(submit_until_closed, &accepted);
        gate_pass(&plan.entered);
        for (uint64_t i = draw(&rng) % 4000; i; i--)
            atomic_load_explicit(&plan.longest, memory_order_relaxed);
        cz_pool_close(pool);
        join_thread(thread);
        CHECK(cz_pool_join(pool, 60LL * SECOND_NS) == 0);
        CHECK(atomic_load(&plan.chunks) == accepted);
        pool_stop(pool);
    }
}

static void test_handle_may_outlive_the_pool(void)
{
    struct cz_batch *batch;
    set_up(1, 4);
    batch = must_submit(10, 0);
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, -1) == 0);
    cz_pool_destroy(pool);
    CHECK(cz_batch_phase(batch) == CZ_COMPLETED && cz_batch_wait(batch, 0) == 0);
    CHECK(cz_batch_done(batch) == 10 && cz_batch_released(batch));
    CHECK(cz_batch_cancel(batch) == 0);
    cz_batch_drop(batch);
    CHECK(atomic_load(&check_live) == 0);
}

static struct cz_record *take_mail(void)
{
    struct cz_record *record;
    uint32_t reasons;
    while ((record = cz_mail_take(pool, &reasons)) == NULL)
        cz_mail_wait(pool, SECOND_NS);
    CHECK(reasons == CZ_MAIL_ENDED);
    return record;
}

static void test_listener_gets_mail_after_the_end(void)
{
    struct cz_batch *batch;
    int listener;
    set_up(2, 8);
    plan.block_at = 3;
    batch = must_submit(50, 1);
    gate_pass(&plan.entered);
    CHECK(cz_batch_watch(batch, &listener) == 1);
    CHECK(cz_batch_watch(batch, batch) == 2);
    gate_open(&plan.leave, 1);
    CHECK(cz_batch_told(take_mail()) == &listener);
    CHECK(cz_batch_phase(batch) == CZ_COMPLETED);
    cz_batch_drop(batch);
    pool_stop(pool);
}

static void test_batch_that_has_ended_takes_no_listener(void)
{
    struct cz_batch *batch;
    uint32_t reasons;
    int listener;
    set_up(1, 8);
    batch = must_submit(5, 0);
    CHECK(cz_batch_wait(batch, -1) == 0);
    CHECK(cz_batch_watch(batch, &listener) == 0);
    CHECK(cz_mail_take(pool, &reasons) == NULL);
    cz_batch_drop(batch);
    pool_stop(pool);
}

static void test_listener_and_end_agree(void)
{
    int listener, mails = 0;
    set_up(2, 8);
    for (int i = 0; i < 2000; i++) {
        struct cz_batch *batch = must_submit(1 + i % 3, 1);
        int watched;
        for (volatile int spin = i % 100 * 20; spin; spin--)
            continue;
        if (i % 4 == 0)
            cz_batch_cancel(batch);
        watched = cz_batch_watch(batch, &listener);
        if (watched)
            CHECK(cz_batch_told(take_mail()) == &listener);
        mails += watched;
        CHECK(cz_is_final(cz_batch_phase(batch)));
        CHECK(cz_batch_wait(batch, 0) == 0);
        cz_batch_drop(batch);
        memset(plan.seen, 0, 4 * sizeof plan.seen[0]);
    }
    printf("%d of 2000 listeners came before the end\n", mails);
    pool_stop(pool);
}

int main(void)
{
    RUN(test_urgent_task_waits_for_one_chunk);
    RUN(test_task_of_the_same_level_waits_for_one_chunk);
    RUN(test_less_urgent_task_waits_for_64_chunks_at_most);
    RUN(test_two_batches_of_a_level_take_turns);
    RUN(test_dropped_batch_runs_to_its_end);
    RUN(test_join_waits_for_a_batch_and_the_reserved_worker_ends_too);
    RUN(test_closed_pool_still_drains_with_several_workers);
    RUN(test_short_queue_full_of_batches_drains_after_the_close);
    RUN(test_batch_that_races_with_the_close_runs_or_is_refused);
    RUN(test_handle_may_outlive_the_pool);
    RUN(test_listener_gets_mail_after_the_end);
    RUN(test_batch_that_has_ended_takes_no_listener);
    RUN(test_listener_and_end_agree);
    return 0;
}
