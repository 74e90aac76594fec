/* The clock: work behind a worker whose task used to be short. */
#include "check.h"

#include <unistd.h>

#include "pool.h"

/* A call with an argument stays inside until it is let go. */
static int32_t entry(void *payload, void **error)
{
    return ((struct call *)payload)->argument ? block(payload, error) : 0;
}

/* One of two workers is stuck in a task of a type known as short, the other one sleeps:
 * a push relies on the first, and only the clock can mend that. */
static void push_behind_a_stuck_worker(bool clock_dozes)
{
    struct cz_pool *pool = pool_start(2, 8);
    struct cz_lane *lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_type *type = call_type(pool, entry);
    for (int round = 0; round < 10; round++) {
        struct cz_record *stuck, *behind;
        atomic_store(&type->mean, lane->short_ticks / 2);
        stuck = call_push(lane, cache, type, pool, CZ_NORMAL);
        gate_pass(&entered);
        YIELD_UNTIL(cz__sleep_counts(&lane->sleep) == CZ__SLEEPER_ONE + CZ__LOOKOUT_ONE);
        if (clock_dozes)
            YIELD_UNTIL(atomic_load(&pool->clock.bell.dozing));
        behind = call_push(lane, cache, type, NULL, CZ_NORMAL);
        CHECK(cz_record_wait(behind, 60LL * SECOND_NS) == 0);
        CHECK(phase_of(stuck) == CZ_RUNNING);
        gate_open(&leave, 1);
        CHECK(cz_record_wait(stuck, -1) == 0);
        cz_record_drop(cache, stuck);
        cz_record_drop(cache, behind);
        YIELD_UNTIL(cz__lookouts(cz__sleep_counts(&lane->sleep)) == 0);
    }
    cz_cache_destroy(cache);
    pool_stop(pool);
}

static void test_stuck_worker_does_not_hide_a_task(void)
{
    push_behind_a_stuck_worker(false);
}

static void test_push_wakes_a_dozing_clock(void)
{
    push_behind_a_stuck_worker(true);
}

static void test_clock_of_an_idle_pool_dozes(void)
{
    struct cz_pool *pool = pool_start(2, 8);
    YIELD_UNTIL(atomic_load(&pool->clock.bell.dozing));
    pool_stop(pool);
}

/* Among equals a woken thread waits for the running one. */
static void test_clock_of_a_real_time_program_goes_before_its_workers(void)
{
    struct sched_param mine = {.sched_priority = 10}, ordinary = {0}, clock, worker;
    int clock_policy, worker_policy;
    struct cz_pool *pool;
    if (sched_setscheduler(0, SCHED_FIFO, &mine)) {
        puts("  skipped: not allowed");
        return;
    }
    pool = pool_start(1, 8);
    CHECK(sched_setscheduler(0, SCHED_OTHER, &ordinary) == 0);
    /* The C library keeps the first answer, so the clock must have raised itself before. */
    YIELD_UNTIL(atomic_load(&pool->clock.bell.dozing));
    CHECK(pthread_getschedparam(pool->clock.thread, &clock_policy, &clock) == 0);
    CHECK(pthread_getschedparam(pool->threads[0].thread, &worker_policy, &worker) == 0);
    CHECK(worker_policy == SCHED_FIFO && worker.sched_priority == 10);
    CHECK(clock_policy == SCHED_FIFO && clock.sched_priority == 11);
    pool_stop(pool);
}

/* As if the thread that pushes had lost its processor to a real-time worker. */
static void test_worker_gives_way_to_a_push_that_is_under_way(void)
{
    struct cz_pool *pool = pool_start(1, 8);
    struct cz_lane *lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    struct cz_cache *cache = cz_cache_create(pool);
    struct cz_record *record = call_new(cache, call_type(pool, entry), NULL);
    struct cz__queue *queue = &lane->queues[CZ_NORMAL];
    uint64_t position = atomic_fetch_add(&queue->tail, 1);
    cz__sleep_wake_one(&lane->sleep);
    CHECK(processor_ns_of_half_a_second(pool->threads[0].thread) < SECOND_NS / 5);
    queue->cells[position].record = record;
    atomic_fetch_add(&queue->cells[position].turn, 1);
    CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0);
    cz_record_drop(cache, record);
    cz_cache_destroy(cache);
    pool_stop(pool);
}

int main(void)
{
    gate_init(&entered);
    gate_init(&leave);
    RUN(test_stuck_worker_does_not_hide_a_task);
    RUN(test_push_wakes_a_dozing_clock);
    RUN(test_clock_of_an_idle_pool_dozes);
    RUN(test_worker_gives_way_to_a_push_that_is_under_way);
    RUN(test_clock_of_a_real_time_program_goes_before_its_workers);
    return 0;
}
