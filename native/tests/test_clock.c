/* The clock: work behind a worker whose task used to be short. */
#include "check.h"

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
            YIELD_UNTIL(atomic_load(&pool->clock.dozing));
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
    YIELD_UNTIL(atomic_load(&pool->clock.dozing));
    pool_stop(pool);
}

int main(void)
{
    gate_init(&entered);
    gate_init(&leave);
    RUN(test_stuck_worker_does_not_hide_a_task);
    RUN(test_push_wakes_a_dozing_clock);
    RUN(test_clock_of_an_idle_pool_dozes);
    return 0;
}
