/* A lane without workers: the order of picks, the starvation bound, back-pressure. */
#include "check.h"

#include "lane.h"

enum { CAPACITY = 10000, BOUND = 64 };

static struct cz_pool *pool;
static struct cz_lane *lane; /* the Python lane: nobody serves it here */
static struct cz_cache *cache;
static struct cz_type *type;

static void open_lane(uint64_t capacity)
{
    pool = pool_start(1, capacity);
    lane = cz_pool_lane(pool, CZ_LANE_PYTHON);
    cache = cz_cache_create(pool);
    type = call_type(pool, NULL);
    CHECK(cache);
}

static void close_lane(void)
{
    CHECK(cz_lane_take(lane) == NULL);
    cz_cache_destroy(cache);
    pool_stop(pool);
}

static void push(uint32_t level, intptr_t number)
{
    call_push(lane, cache, type, (void *)number, level);
}

/* Take the next, return its number. */
static intptr_t take(uint32_t *level)
{
    struct cz_record *record = cz_lane_take(lane);
    intptr_t number;
    CHECK(record);
    *level = record->level;
    number = (intptr_t)call_of(record)->argument;
    CHECK(cz_record_cancel(record) == 1);
    cz_record_release(cache, record);
    cz_record_drop(cache, record);
    return number;
}

static void test_push_one_take_one(void)
{
    uint32_t level;
    open_lane(4);
    CHECK(cz_lane_take(lane) == NULL);
    push(CZ_NORMAL, 42);
    CHECK(cz_lane_depth(lane, CZ_NORMAL) == 1 && cz_lane_depth(lane, CZ_HIGH) == 0);
    CHECK(take(&level) == 42 && level == CZ_NORMAL);
    close_lane();
}

static void test_levels_in_order_and_first_in_first_out_inside(void)
{
    enum { EACH = 12 }; /* 4 * 12 picks are below the starvation bound */
    uint64_t rng = 5;
    int left[CZ_LEVELS] = {EACH, EACH, EACH, EACH}, total = CZ_LEVELS * EACH;
    open_lane(CAPACITY);
    while (total) {
        uint32_t level = (uint32_t)(draw(&rng) % CZ_LEVELS);
        if (left[level]) {
            push(level, EACH - left[level]--);
            total--;
        }
    }
    for (uint32_t expected = 0; expected < CZ_LEVELS; expected++)
        for (int i = 0; i < EACH; i++) {
            uint32_t level;
            CHECK(take(&level) == i && level == expected);
        }
    close_lane();
}

/* All levels hold work all the time: each gets at least one of every 64 picks, and the
 * most urgent one nearly all. */
static void test_every_level_gets_one_of_64_picks(void)
{
    long last[CZ_LEVELS] = {0}, count[CZ_LEVELS] = {0};
    open_lane(CAPACITY);
    for (uint32_t level = 0; level < CZ_LEVELS; level++)
        for (int i = 0; i < CAPACITY; i++)
            push(level, i);
    for (long pick = 1; pick <= 8000; pick++) {
        uint32_t level;
        CHECK(take(&level) == count[level]); /* in order inside the level */
        count[level]++;
        last[level] = pick;
        for (uint32_t other = 0; other < CZ_LEVELS; other++)
            CHECK(pick - last[other] < BOUND);
    }
    CHECK(count[CZ_CRITICAL] > 8000 * 60 / 64);
    for (;;) {
        struct cz_record *record = cz_lane_take(lane);
        if (record == NULL)
            break;
        cz_record_release(cache, record);
        cz_record_drop(cache, record);
    }
    close_lane();
}

/* The bound counts from when a level has work, whatever the others did before. */
static void test_late_comer_waits_for_64_picks_at_most(void)
{
    uint32_t level;
    open_lane(CAPACITY);
    for (int i = 0; i < 5000; i++)
        push(CZ_HIGH, i);
    for (int round = 0; round < 40; round++) {
        int picks = 0;
        for (int i = 0; i < round; i++)
            take(&level);
        push(CZ_LOW, round);
        do {
            take(&level);
            picks++;
        } while (level != CZ_LOW);
        CHECK(picks <= BOUND);
    }
    while (cz_lane_depth(lane, CZ_HIGH))
        take(&level);
    close_lane();
}

static void test_full_level_refuses_and_the_others_do_not(void)
{
    struct cz_record *record;
    uint32_t level;
    open_lane(2);
    push(CZ_HIGH, 0);
    push(CZ_HIGH, 1);
    record = call_new(cache, type, NULL);
    CHECK(cz_lane_push(lane, record, CZ_HIGH) == CZ_EFULL);
    CHECK(cz_lane_push(lane, record, CZ_LOW) == 0);
    CHECK(take(&level) == 0 && take(&level) == 1);
    CHECK(cz_lane_take(lane) == record);
    cz_record_free(cache, record);
    close_lane();
}

static void test_closed_lane_refuses_and_keeps_what_it_has(void)
{
    struct cz_record *record;
    uint32_t level;
    open_lane(4);
    push(CZ_LOW, 9);
    cz_pool_close(pool);
    record = call_new(cache, type, NULL);
    for (uint32_t i = 0; i < CZ_LEVELS; i++)
        CHECK(cz_lane_push(lane, record, i) == CZ_ECLOSED);
    cz_record_free(cache, record);
    CHECK(take(&level) == 9);
    close_lane();
}

static void *wait_space(void *unused)
{
    int result;
    (void)unused;
    while ((result = cz_lane_wait_space(lane, CZ_NORMAL, -1)) == 0)
        if (cz_lane_depth(lane, CZ_NORMAL) < 2)
            return NULL;
    CHECK(result == CZ_ECLOSED);
    return NULL;
}

static void test_waiting_for_space(void)
{
    pthread_t thread;
    uint32_t level;
    open_lane(2);
    CHECK(cz_lane_wait_space(lane, CZ_NORMAL, 0) == 0);
    push(CZ_NORMAL, 0);
    push(CZ_NORMAL, 1);
    CHECK(cz_lane_wait_space(lane, CZ_NORMAL, 0) == CZ_ETIMEDOUT);
    CHECK(cz_lane_wait_space(lane, CZ_NORMAL, MILLISECOND_NS) == CZ_ETIMEDOUT);
    CHECK(cz_lane_wait_space(lane, CZ_HIGH, -1) == 0);
    thread = start_thread(wait_space, NULL); /* ended by a take */
    take(&level);
    join_thread(thread);
    push(CZ_NORMAL, 2);
    thread = start_thread(wait_space, NULL); /* ended by the close */
    cz_pool_close(pool);
    join_thread(thread);
    take(&level);
    take(&level);
    close_lane();
}

static void test_lane_without_workers_is_unattended(void)
{
    struct cz_guest *guest;
    open_lane(2);
    CHECK(cz_lane_unattended(lane) == 1);
    guest = cz_guest_enter(lane, CZ_LEVELS);
    CHECK(guest && cz_lane_unattended(lane) == 0);
    cz_guest_leave(guest);
    CHECK(cz_lane_unattended(lane) == 1);
    close_lane();
}

int main(void)
{
    RUN(test_push_one_take_one);
    RUN(test_levels_in_order_and_first_in_first_out_inside);
    RUN(test_every_level_gets_one_of_64_picks);
    RUN(test_late_comer_waits_for_64_picks_at_most);
    RUN(test_full_level_refuses_and_the_others_do_not);
    RUN(test_closed_lane_refuses_and_keeps_what_it_has);
    RUN(test_waiting_for_space);
    RUN(test_lane_without_workers_is_unattended);
    return 0;
}
