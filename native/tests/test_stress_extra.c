/* Delays, retries, limits, stops and mail at once. usage: test_stress_extra [SEED [TASKS]]
 *
 * Claims: every task ends once; every watched one is posted once; no more runs than tries; every
 * extra, timer and block is home at the end.
 */
#include "check.h"

#include <time.h>

#include "pool.h"

enum { PRODUCERS = 3, MOST_TASKS = 20000, TRIES = 3 };

struct task {
    struct cz_record *record;
    int64_t spin;
    int fails; /* so many runs fail */
    bool diverts, watched;
    int tries; /* the mail's taker */
    _Atomic(int) runs, users, ends;
};

static uint64_t seed;
static int64_t tasks_each = 3000;
static struct task tasks[PRODUCERS][MOST_TASKS];
static struct cz_pool *pool;
static struct cz_lane *lane;
static struct cz_type *types[2]; /* the second may be interrupted */
static _Atomic(long) to_post, posted, phases[CZ_PHASE + 1];
static _Atomic(bool) over;

static int32_t entry(void *payload, void **error)
{
    struct task *task = ((struct call *)payload)->argument;
    int run = atomic_fetch_add(&task->runs, 1);
    (void)error;
    for (int64_t n = task->spin; n; n--)
        atomic_load_explicit(&task->runs, memory_order_relaxed);
    return run < task->fails;
}

/* The producer and the mail's taker share the handle of a watched task. */
static void let_go(struct cz_cache *cache, struct task *task)
{
    if (atomic_fetch_sub(&task->users, 1) == 1)
        cz_record_drop(cache, task->record);
}

static void check_end(struct task *task)
{
    uint32_t state = atomic_load(&task->record->state), phase = state & CZ_PHASE;
    CHECK(cz_is_final(state));
    CHECK(atomic_load(&task->runs) <= (task->diverts ? TRIES : 1));
    if (phase == CZ_COMPLETED)
        CHECK(atomic_load(&task->runs) == task->fails + 1);
    atomic_fetch_add(&phases[phase], 1);
}

static void take_failure(struct cz_cache *cache, struct task *task, uint64_t *rng)
{
    if (++task->tries < TRIES &&
        cz_record_retry(lane, task->record, (int64_t)(draw(rng) % 2 * 200000)) == 0)
        return;
    cz_record_conclude(cache, task->record, CZ_FAILED);
}

static void *take_mail(void *unused)
{
    struct cz_cache *cache = cz_cache_create(pool);
    uint64_t rng = seed ^ 0x5555;
    (void)unused;
    while (!atomic_load(&over)) {
        struct cz_record *record;
        uint32_t reasons;
        while ((record = cz_mail_take(pool, &reasons))) {
            struct task *task = call_of(record)->argument;
            CHECK(record == task->record);
            if (reasons & CZ_MAIL_STOP && draw(&rng) % 2)
                cz_record_abandon(record, CZ_CANCELLED);
            if (reasons & CZ_MAIL_FAILED)
                take_failure(cache, task, &rng);
            if (reasons & CZ_MAIL_ENDED) {
                CHECK(atomic_fetch_add(&task->ends, 1) == 0);
                check_end(task);
                let_go(cache, task);
                atomic_fetch_add(&posted, 1);
            }
        }
        cz_mail_wait(pool, 20LL * MILLISECOND_NS);
    }
    cz_cache_destroy(cache);
    return NULL;
}

static void start(struct task *task, uint32_t level, uint64_t *rng)
{
    int result;
    if (draw(rng) % 4 == 0) {
        CHECK(cz_record_delay(lane, task->record, level, (int64_t)(draw(rng) % MILLISECOND_NS)) ==
              0);
        return;
    }
    while ((result = cz_lane_push(lane, task->record, level)) == CZ_EFULL)
        CHECK(cz_lane_wait_space(lane, level, -1) == 0);
    CHECK(result == 0);
}

/* Mail may come for what diverts, has a limit or is asked to stop: that is watched, so that
 * the handle keeps it until its last mail. */
static void one_task(struct cz_cache *cache, struct task *task, uint64_t *rng)
{
    bool limited = draw(rng) % 4 == 0, stops = draw(rng) % 4 == 0, waits = draw(rng) % 8 == 0;
    task->diverts = draw(rng) % 4 == 0;
    task->watched = limited || stops || task->diverts || draw(rng) % 4 == 0;
    task->fails = task->diverts ? (int)(draw(rng) % (TRIES + 1)) : draw(rng) % 8 == 0;
    task->spin = draw(rng) % 16 ? (int64_t)(draw(rng) % 100) : 20000;
    task->record = call_new(cache, types[draw(rng) % 2], task);
    atomic_store(&task->users, 1 + task->watched);
    if (limited || task->diverts)
        CHECK(cz_record_limit(task->record, limited ? 20000 + (int64_t)(draw(rng) % 50000) : 0,
                              task->diverts) == 0);
    if (task->watched) {
        CHECK(cz_record_watch(task->record) == 1);
        atomic_fetch_add(&to_post, 1);
    }
    start(task, (uint32_t)(draw(rng) % CZ_LEVELS), rng);
    for (uint64_t pause = stops ? draw(rng) % 2000 : 0; pause; pause--)
        cz__pause();
    if (stops)
        cz_record_stop(task->record, CZ_STOP_CANCEL);
    else if (draw(rng) % 16 == 0)
        cz_record_cancel(task->record);
    if (waits) {
        CHECK(cz_record_wait(task->record, -1) == 0);
        if (!task->watched)
            check_end(task);
    }
    let_go(cache, task);
}

static void *produce(void *argument)
{
    struct task *mine = argument;
    uint64_t rng = seed + (uint64_t)(mine - tasks[0]) * 77 + 1;
    struct cz_cache *cache = cz_cache_create(pool);
    CHECK(cache);
    for (int64_t i = 0; i < tasks_each; i++)
        one_task(cache, &mine[i], &rng);
    cz_cache_destroy(cache);
    return NULL;
}

static void check_extras_home(void)
{
    struct cz__extras *extras = &pool->extras;
    uint32_t home = 0;
    CHECK(extras->timers.count == 0 && atomic_load(&extras->mail) == 0 && extras->taken == 0);
    for (uint32_t number = extras->free; number; home++) {
        uint32_t index = number - 1 + CZ__EXTRA_FIRST;
        unsigned top = 31 - (unsigned)__builtin_clz(index);
        number = extras->chunks[top - 10][index - ((uint32_t)1 << top)].below;
    }
    CHECK(home == extras->cut);
}

static void storm(uint32_t workers, uint64_t queue_size)
{
    pthread_t producers[PRODUCERS], taker;
    uint64_t bytes, blocks;
    memset(tasks, 0, sizeof tasks);
    memset(phases, 0, sizeof phases);
    atomic_store(&to_post, 0);
    atomic_store(&posted, 0);
    atomic_store(&over, false);
    pool = pool_start_relieved(workers, queue_size);
    lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    types[0] = call_type(pool, entry);
    types[1] = call_type(pool, entry);
    cz_type_set_interruptible(types[1]);
    taker = start_thread(take_mail, NULL);
    for (int i = 0; i < PRODUCERS; i++)
        producers[i] = start_thread(produce, tasks[i]);
    for (int i = 0; i < PRODUCERS; i++)
        join_thread(producers[i]);
    YIELD_UNTIL(atomic_load(&posted) == atomic_load(&to_post));
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, -1) == 0);
    atomic_store(&over, true);
    cz_mail_ring(pool);
    join_thread(taker);
    check_extras_home();
    cz_pool_memory(pool, &bytes, &blocks);
    CHECK(blocks == 0);
    pool_stop(pool);
    printf("  %u workers, queues of %llu: %ld posted: %ld completed, %ld failed, %ld cancelled\n",
           workers, (unsigned long long)queue_size, atomic_load(&posted),
           atomic_load(&phases[CZ_COMPLETED]), atomic_load(&phases[CZ_FAILED]),
           atomic_load(&phases[CZ_CANCELLED]));
}

static void test_every_task_ends_once_and_is_posted_once(void)
{
    storm(2, 64);
    storm(1, 4096);
    storm(4, 2);
}

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
    if (argc > 2)
        tasks_each = strtoll(argv[2], NULL, 0);
    CHECK(tasks_each > 0 && tasks_each <= MOST_TASKS);
    printf("seed %llu\n", (unsigned long long)seed);
    RUN(test_every_task_ends_once_and_is_posted_once);
    return 0;
}
