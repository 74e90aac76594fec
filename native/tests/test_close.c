/* Closing a pool: what has not started, who joins, and pushes beside it. */
#include "check.h"

static void test_close_and_join_in_every_order(void)
{
    struct cz_pool *pool = pool_start(2, 4);
    CHECK(cz_pool_join(pool, 0) == CZ_ETIMEDOUT); /* it is open */
    CHECK(cz_pool_join(pool, MILLISECOND_NS) == CZ_ETIMEDOUT);
    cz_pool_close(pool);
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, -1) == 0);
    CHECK(cz_pool_join(pool, -1) == 0 && cz_pool_join(pool, 0) == 0);
    cz_pool_close(pool);
    CHECK(cz_pool_cancel_pending(pool) == 0);
    cz_pool_destroy(pool);
    CHECK(atomic_load(&check_live) == 0);
}

static void *join_pool(void *pool)
{
    CHECK(cz_pool_join(pool, -1) == 0);
    return NULL;
}

static void test_several_threads_may_join(void)
{
    for (int round = 0; round < 50; round++) {
        struct cz_pool *pool = pool_start(1, 4);
        pthread_t joiners[3];
        for (int i = 0; i < 3; i++)
            joiners[i] = start_thread(join_pool, pool);
        cz_pool_close(pool);
        for (int i = 0; i < 3; i++)
            join_thread(joiners[i]);
        pool_stop(pool);
    }
}

static void test_join_waits_for_running_and_queued_tasks(void)
{
    struct cz_pool *pool = pool_start(1, 8);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_lane *lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    struct cz_type *blocking = call_type(pool, block), *counting = call_type(pool, count_run);
    _Atomic(long) runs = 0;
    cz_record_drop(cache, call_push(lane, cache, blocking, NULL, CZ_NORMAL));
    gate_pass(&entered);
    for (int i = 0; i < 5; i++)
        cz_record_drop(cache, call_push(lane, cache, counting, (void *)&runs, CZ_NORMAL));
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, 5 * MILLISECOND_NS) == CZ_ETIMEDOUT);
    CHECK(atomic_load(&runs) == 0);
    gate_open(&leave, 1);
    CHECK(cz_pool_join(pool, -1) == 0);
    CHECK(atomic_load(&runs) == 5);
    cz_cache_destroy(cache);
    pool_stop(pool);
}

static void test_cancel_pending_cancels_what_has_not_started(void)
{
    enum { QUEUED = 20 };
    struct cz_pool *pool = pool_start(1, 32);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_lane *lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    struct cz_type *blocking = call_type(pool, block), *counting = call_type(pool, count_run);
    struct cz_record *running, *queued[QUEUED];
    _Atomic(long) runs = 0;
    running = call_push(lane, cache, blocking, NULL, CZ_NORMAL);
    gate_pass(&entered);
    for (uint32_t i = 0; i < QUEUED; i++)
        queued[i] = call_push(lane, cache, counting, (void *)&runs, CZ_HIGH + i % 3);
    CHECK(cz_record_cancel(queued[3]) == 1);
    CHECK(cz_pool_cancel_pending(pool) == QUEUED - 1);
    CHECK(cz_pool_cancel_pending(pool) == 0);
    for (int i = 0; i < QUEUED; i++) {
        CHECK(cz_record_wait(queued[i], -1) == 0 && phase_of(queued[i]) == CZ_CANCELLED);
        cz_record_drop(cache, queued[i]);
    }
    gate_open(&leave, 1);
    CHECK(cz_record_wait(running, -1) == 0 && phase_of(running) == CZ_COMPLETED);
    cz_record_drop(cache, running);
    CHECK(atomic_load(&runs) == 0);
    cz_cache_destroy(cache);
    pool_stop(pool);
}

/* --- a close among pushes ------------------------------------------------------------ */

static struct cz_pool *racing;
static _Atomic(long) race_runs, race_pushed;

static void *push_until_closed(void *level)
{
    struct cz_cache *cache = cz_cache_create(racing);
    struct cz_type *type = call_type(racing, count_run);
    struct cz_lane *lane = cz_pool_lane(racing, CZ_LANE_NATIVE);
    int result;
    CHECK(cache);
    gate_open(&entered, 1);
    do {
        struct cz_record *record = call_new(cache, type, (void *)&race_runs);
        result = cz_lane_push(lane, record, *(uint32_t *)level);
        if (result) {
            CHECK(result == CZ_ECLOSED || result == CZ_EFULL);
            cz_record_free(cache, record);
            sched_yield();
        } else {
            atomic_fetch_add(&race_pushed, 1);
            YIELD_UNTIL(phase_of(record) != CZ_PENDING || *(uint32_t *)level % 2);
            cz_record_drop(cache, record);
        }
    } while (result != CZ_ECLOSED);
    cz_cache_destroy(cache);
    return NULL;
}

static void test_every_push_before_the_close_runs(void)
{
    uint64_t rng = 23;
    for (int round = 0; round < 600; round++) {
        uint32_t level = (uint32_t)(draw(&rng) % CZ_LEVELS);
        pthread_t thread;
        racing = pool_start(1 + round % 2, 64);
        atomic_store(&race_runs, 0);
        atomic_store(&race_pushed, 0);
        thread = start_thread(push_until_closed, &level);
        gate_pass(&entered);
        for (uint64_t i = draw(&rng) % 4000; i; i--)
            atomic_load_explicit(&race_pushed, memory_order_relaxed);
        cz_pool_close(racing);
        join_thread(thread);
        CHECK(cz_pool_join(racing, 60LL * SECOND_NS) == 0);
        CHECK(atomic_load(&race_runs) == atomic_load(&race_pushed));
        pool_stop(racing);
    }
}

int main(void)
{
    gate_init(&entered);
    gate_init(&leave);
    RUN(test_close_and_join_in_every_order);
    RUN(test_several_threads_may_join);
    RUN(test_join_waits_for_running_and_queued_tasks);
    RUN(test_cancel_pending_cancels_what_has_not_started);
    RUN(test_every_push_before_the_close_runs);
    return 0;
}
