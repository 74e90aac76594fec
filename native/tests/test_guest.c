/* The Python lane, served by plain threads in the place of Python's. */
#include "check.h"

#include "lane.h"
#include "pool.h"

enum { GUESTS = 3 };

static struct cz_pool *pool;
static struct cz_lane *lane;
static struct cz_cache *cache; /* the main thread's */
static _Atomic(long) served, left_closed;

static void set_up(uint64_t queue_size)
{
    pool = pool_start(1, queue_size);
    lane = cz_pool_lane(pool, CZ_LANE_PYTHON);
    CHECK((cache = cz_cache_create(pool)));
    atomic_store(&served, 0);
    atomic_store(&left_closed, 0);
}

static void tear_down(void)
{
    cz_cache_destroy(cache);
    pool_stop(pool);
}

/* Run what stands in the payload: a function of one argument, or nothing. */
static void run(struct cz_guest *guest, struct cz_cache *mine, struct cz_record *record)
{
    const struct cz_type *type = record->type;
    uint64_t start = cz_ticks(), ticks = 0;
    if (cz_record_start(record)) {
        _Atomic(long) *count = call_of(record)->argument;
        record->started_at = start;
        if (count)
            atomic_fetch_add(count, 1);
        ticks = cz_ticks() - start;
        record->finished_at = start + ticks;
        cz_record_finish(record, CZ_COMPLETED);
        atomic_fetch_add(&served, 1);
    }
    cz_record_release(mine, record);
    cz_guest_done(guest, type, ticks);
}

/* Argument: the timeout of its sleeps in nanoseconds, or NULL. */
static void *guest_main(void *argument)
{
    int64_t timeout_ns = argument ? *(const int64_t *)argument : -1;
    struct cz_guest *guest = cz_guest_enter(lane, CZ_LEVELS);
    struct cz_cache *mine = cz_cache_create(pool);
    int result = 0;
    CHECK(guest && mine);
    while (result != CZ_ECLOSED) {
        struct cz_record *record;
        int alone;
        while ((record = cz_guest_next(guest, &alone)))
            run(guest, mine, record);
        result = cz_guest_wait(guest, timeout_ns);
        CHECK(result == 0 || result == CZ_ECLOSED || (result == CZ_ETIMEDOUT && argument));
    }
    atomic_fetch_add(&left_closed, 1);
    cz_guest_leave(guest);
    cz_cache_destroy(mine);
    return NULL;
}

static void test_serve_one_record(void)
{
    _Atomic(long) runs = 0;
    struct cz_record *record;
    struct cz_guest *guest;
    int alone;
    set_up(4);
    guest = cz_guest_enter(lane, CZ_LEVELS);
    CHECK(guest && cz_guest_next(guest, &alone) == NULL);
    record = call_push(lane, cache, call_type(pool, NULL), (void *)&runs, CZ_NORMAL);
    CHECK(cz_guest_wait(guest, -1) == 0); /* does not sleep: there is work */
    CHECK(cz_guest_next(guest, &alone) == record && alone == 0);
    CHECK(phase_of(record) == CZ_PENDING);
    run(guest, cache, record);
    CHECK(atomic_load(&runs) == 1 && phase_of(record) == CZ_COMPLETED);
    cz_record_drop(cache, record);
    CHECK(cz_guest_wait(guest, MILLISECOND_NS) == CZ_ETIMEDOUT);
    cz_pool_close(pool);
    CHECK(cz_guest_wait(guest, -1) == CZ_ECLOSED);
    cz_guest_leave(guest);
    tear_down();
}

static void test_guest_hears_that_nobody_looks_after_the_rest(void)
{
    struct cz_type *type;
    struct cz_guest *guest;
    struct cz_record *first, *second;
    int alone;
    set_up(4);
    type = call_type(pool, NULL); /* never measured, so it may take long */
    guest = cz_guest_enter(lane, CZ_LEVELS);
    first = call_push(lane, cache, type, NULL, CZ_NORMAL);
    second = call_push(lane, cache, type, NULL, CZ_NORMAL);
    CHECK(cz_guest_next(guest, &alone) == first && alone == 1);
    CHECK(cz_lane_unattended(lane));
    run(guest, cache, first);
    CHECK(!cz_lane_unattended(lane));
    CHECK(cz_guest_next(guest, &alone) == second && alone == 0); /* nothing behind it */
    run(guest, cache, second);
    cz_record_drop(cache, first);
    cz_record_drop(cache, second);
    cz_guest_leave(guest);
    tear_down();
}

static void test_long_task_hands_the_rest_to_a_sleeper(void)
{
    struct cz_guest *guest;
    struct cz_record *first, *second, *mine;
    struct cz_type *type;
    pthread_t sleeper;
    int alone;
    set_up(4);
    type = call_type(pool, NULL);
    guest = cz_guest_enter(lane, CZ_LEVELS);
    sleeper = start_thread(guest_main, NULL);
    YIELD_UNTIL(cz__sleepers(cz__sleep_counts(&lane->sleep)) == 1);
    /* We are on the look-out, so these pushes wake nobody ... */
    first = call_push(lane, cache, type, NULL, CZ_NORMAL);
    second = call_push(lane, cache, type, NULL, CZ_NORMAL);
    mine = cz_guest_next(guest, &alone);
    if (mine == first) { /* ... unless the clock was quicker */
        CHECK(alone == 0);
        CHECK(cz_record_wait(second, -1) == 0);
    }
    if (mine)
        run(guest, cache, mine);
    CHECK(cz_record_wait(first, -1) == 0 && cz_record_wait(second, -1) == 0);
    cz_record_drop(cache, first);
    cz_record_drop(cache, second);
    cz_guest_leave(guest);
    cz_pool_close(pool);
    join_thread(sleeper);
    tear_down();
}

static void test_leaving_guest_hands_over(void)
{
    struct cz_guest *guest;
    struct cz_record *record;
    pthread_t sleeper;
    set_up(4);
    guest = cz_guest_enter(lane, CZ_LEVELS);
    sleeper = start_thread(guest_main, NULL);
    YIELD_UNTIL(cz__sleepers(cz__sleep_counts(&lane->sleep)) == 1);
    record = call_push(lane, cache, call_type(pool, NULL), NULL, CZ_NORMAL);
    cz_guest_leave(guest);
    CHECK(cz_record_wait(record, -1) == 0);
    cz_record_drop(cache, record);
    cz_pool_close(pool);
    join_thread(sleeper);
    tear_down();
}

static void serve_many(const int64_t *timeout_ns)
{
    enum { RECORDS = 20000 };
    static _Atomic(long) runs[RECORDS];
    pthread_t guests[GUESTS];
    struct cz_type *type;
    uint64_t rng = 99;
    long cancelled = 0;
    set_up(256);
    memset(runs, 0, sizeof runs);
    type = call_type(pool, NULL);
    for (int i = 0; i < GUESTS; i++)
        guests[i] = start_thread(guest_main, (void *)(uintptr_t)timeout_ns);
    for (int i = 0; i < RECORDS; i++) {
        struct cz_record *record = call_new(cache, type, (void *)&runs[i]);
        uint32_t level = (uint32_t)(draw(&rng) % CZ_LEVELS);
        int result;
        while ((result = cz_lane_push(lane, record, level)) == CZ_EFULL)
            cz_lane_wait_space(lane, level, -1);
        CHECK(result == 0);
        if (draw(&rng) % 64 == 0)
            CHECK(cz_record_wait(record, -1) == 0);
        else if (draw(&rng) % 16 == 0 && cz_record_cancel(record))
            cancelled++, atomic_fetch_add(&runs[i], 1);
        cz_record_drop(cache, record);
    }
    cz_pool_close(pool);
    for (int i = 0; i < GUESTS; i++)
        join_thread(guests[i]);
    CHECK(atomic_load(&left_closed) == GUESTS);
    CHECK(atomic_load(&served) + cancelled == RECORDS);
    for (int i = 0; i < RECORDS; i++)
        CHECK(atomic_load(&runs[i]) == 1);
    tear_down();
}

static void test_guests_run_every_record_once_and_end_at_the_close(void)
{
    serve_many(NULL);
}

static void test_impatient_guests_do_too(void)
{
    static const int64_t timeout_ns = 50000;
    serve_many(&timeout_ns);
}

static void test_records_of_a_closed_lane_can_be_taken(void)
{
    _Atomic(long) runs = 0;
    struct cz_record *records[3];
    struct cz_type *type;
    set_up(4);
    type = call_type(pool, NULL);
    for (uint32_t i = 0; i < 3; i++)
        records[i] = call_push(lane, cache, type, (void *)&runs, CZ_LOW - i);
    CHECK(cz_pool_cancel_pending(pool) == 0); /* that is the native lane's */
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, -1) == 0); /* waits for no guest */
    for (int i = 2; i >= 0; i--) {
        struct cz_record *record = cz_lane_take(lane);
        CHECK(record == records[i] && cz_record_cancel(record) == 1);
        cz_record_release(cache, record);
        cz_record_drop(cache, record);
    }
    CHECK(cz_lane_take(lane) == NULL && atomic_load(&runs) == 0);
    tear_down();
}

int main(void)
{
    RUN(test_serve_one_record);
    RUN(test_guest_hears_that_nobody_looks_after_the_rest);
    RUN(test_long_task_hands_the_rest_to_a_sleeper);
    RUN(test_leaving_guest_hands_over);
    RUN(test_guests_run_every_record_once_and_end_at_the_close);
    RUN(test_impatient_guests_do_too);
    RUN(test_records_of_a_closed_lane_can_be_taken);
    return 0;
}
