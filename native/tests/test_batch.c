/* Batches: every index once, chunks that give way, and every way to end. */
#include "check.h"

enum { MOST = 100000, CODE = 5 };

/* What the items of a test's batch do; it comes as the first span. */
struct plan {
    int64_t block_at;   /* this item opens `entered` and passes `leave`; -1: none */
    int64_t fail_every; /* items i with i % fail_every == fail_every - 1 fail; 0: none */
    int64_t spin;       /* how long an item takes */
    bool meet;          /* item 1 waits for item 2 to begin */
    struct gate entered, leave;
    _Atomic(int64_t) longest, chunks;
    _Atomic(int) seen[MOST];
};

static struct cz_pool *pool;
static struct cz_lane *lane;
static struct plan plan; /* of the test that runs */

static void set_up(uint32_t workers, uint64_t queue_size)
{
    pool = pool_start(workers, queue_size);
    lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    memset(&plan, 0, sizeof plan);
    plan.block_at = -1;
    gate_init(&plan.entered);
    gate_init(&plan.leave);
}

static bool run_item(struct plan *p, int64_t i)
{
    if (i == p->block_at) {
        gate_open(&p->entered, 1);
        gate_pass(&p->leave);
    }
    for (int64_t n = p->spin; n; n--)
        atomic_load_explicit(&p->longest, memory_order_relaxed);
    CHECK(atomic_fetch_add(&p->seen[i], 1) == 0);
    if (p->meet && i == 1)
        YIELD_UNTIL(atomic_load(&p->seen[2]));
    return p->fail_every == 0 || i % p->fail_every != p->fail_every - 1;
}

static int32_t chunk(const struct cz_span *spans, int64_t inner, int64_t begin, int64_t end,
                     int64_t *failed, void **error)
{
    struct plan *p = (struct plan *)(void *)spans[0].base;
    int64_t longest = atomic_load(&p->longest);
    CHECK(inner == 1 && begin < end);
    while (end - begin > longest &&
           !atomic_compare_exchange_weak(&p->longest, &longest, end - begin))
        continue;
    atomic_fetch_add(&p->chunks, 1);
    for (int64_t i = begin; i < end; i++)
        if (!run_item(p, i)) {
            *failed = i;
            *error = &p->seen[i];
            return CODE;
        }
    return 0;
}

static int submit(int64_t length, int64_t chunk_size, uint32_t level, int collect,
                  struct cz_batch **batch)
{
    struct cz_span span = {(char *)&plan, 0, 0};
    int result = cz_batch_submit(lane, chunk, &span, 1, 1, length, chunk_size, level, collect, 0,
                                 NULL, batch);
    span.base = NULL; /* it has been copied */
    return result;
}

static struct cz_batch *must_submit(int64_t length, int64_t chunk_size)
{
    struct cz_batch *batch;
    CHECK(submit(length, chunk_size, CZ_NORMAL, 0, &batch) == 0);
    return batch;
}

/* [0, until) ran and nothing else. */
static void check_ran(int64_t until)
{
    for (int64_t i = 0; i < MOST; i++)
        CHECK(atomic_load(&plan.seen[i]) == (i < until));
}

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
