/* The bounded queue: order, capacity, close, and its behaviour among threads. */
#include "check.h"

#include "queue.h"

/* The queue never looks into a record, so an address stands for one. */
static struct cz_record records[1 << 16];

static int push(struct cz__queue *queue, struct cz_record *record)
{
    uint64_t depth;
    return cz__queue_push(queue, record, CZ__PUSH_NEW, &depth);
}

static void test_push_one_pop_one(void)
{
    struct cz__queue queue;
    CHECK(cz__queue_init(&queue, 8, 0) == 0);
    CHECK(!cz__queue_ready(&queue) && cz__queue_pop(&queue) == NULL);
    CHECK(push(&queue, records) == 0);
    CHECK(cz__queue_ready(&queue) && cz__queue_depth(&queue) == 1);
    CHECK(cz__queue_pop(&queue) == records);
    CHECK(cz__queue_pop(&queue) == NULL && cz__queue_depth(&queue) == 0);
    cz__queue_free(&queue);
}

static void test_capacity_is_exact_and_order_first_in_first_out(void)
{
    for (uint64_t capacity = 1; capacity <= 70; capacity++) {
        struct cz__queue queue;
        CHECK(cz__queue_init(&queue, capacity, 3) == 0);
        for (int lap = 0; lap < 5; lap++) {
            for (uint64_t i = 0; i < capacity; i++) {
                uint64_t depth;
                CHECK(cz__queue_push(&queue, &records[i], CZ__PUSH_NEW, &depth) == 0);
                CHECK(depth >= i && depth < capacity);
            }
            CHECK(push(&queue, records) == CZ_EFULL);
            for (uint64_t i = 0; i < capacity; i++)
                CHECK(cz__queue_pop(&queue) == &records[i]);
            CHECK(cz__queue_pop(&queue) == NULL);
        }
        cz__queue_free(&queue);
    }
}

static void test_small_ring_wraps_many_times(void)
{
    struct cz__queue queue;
    uint64_t rng = 3, in = 0, out = 0;
    CHECK(cz__queue_init(&queue, 3, 0) == 0);
    CHECK(queue.mask == 3);
    while (out < 100000) {
        if (draw(&rng) & 1) {
            int result = push(&queue, &records[in & 0xffff]);
            CHECK(result == (in - out < 3 ? 0 : CZ_EFULL));
            in += result == 0;
        } else {
            struct cz_record *record = cz__queue_pop(&queue);
            CHECK(record == (in > out ? &records[out & 0xffff] : NULL));
            out += record != NULL;
        }
        CHECK(cz__queue_depth(&queue) == in - out);
    }
    cz__queue_free(&queue);
}

static void test_slack_is_for_what_comes_back(void)
{
    struct cz__queue queue;
    uint64_t depth;
    CHECK(cz__queue_init(&queue, 2, 2) == 0);
    CHECK(push(&queue, &records[0]) == 0 && push(&queue, &records[1]) == 0);
    CHECK(push(&queue, &records[2]) == CZ_EFULL);
    CHECK(cz__queue_push(&queue, &records[2], CZ__PUSH_GROWN, &depth) == CZ_EFULL);
    CHECK(cz__queue_push(&queue, &records[2], CZ__PUSH_BACK, &depth) == 0);
    CHECK(cz__queue_push(&queue, &records[3], CZ__PUSH_BACK, &depth) == 0);
    CHECK(cz__queue_push(&queue, &records[4], CZ__PUSH_BACK, &depth) == CZ_EFULL);
    for (int i = 0; i < 4; i++)
        CHECK(cz__queue_pop(&queue) == &records[i]);
    cz__queue_free(&queue);
}

static void test_closed_queue_refuses_only_what_is_new(void)
{
    struct cz__queue queue;
    uint64_t depth;
    CHECK(cz__queue_init(&queue, 2, 1) == 0);
    CHECK(push(&queue, &records[0]) == 0);
    CHECK(!cz__queue_closed(&queue));
    cz__queue_close(&queue);
    cz__queue_close(&queue);
    CHECK(cz__queue_closed(&queue) && cz__queue_depth(&queue) == 1);
    CHECK(push(&queue, &records[1]) == CZ_ECLOSED);
    CHECK(cz__queue_push(&queue, &records[1], CZ__PUSH_GROWN, &depth) == 0);
    CHECK(cz__queue_push(&queue, &records[2], CZ__PUSH_BACK, &depth) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(cz__queue_pop(&queue) == &records[i]);
    CHECK(cz__queue_wait_room(&queue, -1) == CZ_ECLOSED);
    cz__queue_free(&queue);
}

/* --- threads ----------------------------------------------------------------------- */

enum { PRODUCERS = 3, CONSUMERS = 3, EACH = 20000 };
static struct cz__queue shared;
static _Atomic(long) popped;
static _Atomic(int) seen[PRODUCERS * EACH];

static void *produce(void *argument)
{
    struct cz_record *first = argument;
    for (int i = 0; i < EACH; i++)
        while (push(&shared, first + i) == CZ_EFULL)
            CHECK(cz__queue_wait_room(&shared, -1) == 0);
    return NULL;
}

/* What one producer pushed, one consumer sees in that order. */
static void *consume(void *unused)
{
    ptrdiff_t last[PRODUCERS];
    (void)unused;
    memset(last, -1, sizeof last);
    while (atomic_load(&popped) < PRODUCERS * EACH) {
        struct cz_record *record = cz__queue_pop(&shared);
        ptrdiff_t index = record - records;
        if (record == NULL) {
            sched_yield();
            continue;
        }
        CHECK(atomic_fetch_add(&seen[index], 1) == 0);
        CHECK(index > last[index / EACH]);
        last[index / EACH] = index;
        atomic_fetch_add(&popped, 1);
    }
    return NULL;
}

static void exchange_through(uint64_t capacity)
{
    pthread_t producers[PRODUCERS], consumers[CONSUMERS];
    CHECK(cz__queue_init(&shared, capacity, 0) == 0);
    atomic_store(&popped, 0);
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < PRODUCERS; i++)
        producers[i] = start_thread(produce, &records[i * EACH]);
    for (int i = 0; i < CONSUMERS; i++)
        consumers[i] = start_thread(consume, NULL);
    for (int i = 0; i < PRODUCERS; i++)
        join_thread(producers[i]);
    for (int i = 0; i < CONSUMERS; i++)
        join_thread(consumers[i]);
    for (int i = 0; i < PRODUCERS * EACH; i++)
        CHECK(atomic_load(&seen[i]) == 1);
    cz__queue_free(&shared);
}

static void test_many_threads_lose_and_double_nothing(void)
{
    exchange_through(1 << 16);
    exchange_through(100);
}

static void test_full_queue_wakes_its_waiting_producers(void)
{
    exchange_through(1);
    exchange_through(2);
}

static _Atomic(long) pushed;
static _Atomic(bool) go;

static void *push_until_closed(void *unused)
{
    (void)unused;
    YIELD_UNTIL(atomic_load(&go));
    for (;;) {
        int result = push(&shared, records);
        if (result == CZ_ECLOSED)
            return NULL;
        if (result == 0)
            atomic_fetch_add(&pushed, 1);
        else
            CHECK(cz__queue_wait_room(&shared, -1) != CZ_ETIMEDOUT);
    }
}

static void test_push_that_races_with_a_close_is_in_or_refused(void)
{
    for (int round = 0; round < 500; round++) {
        pthread_t threads[PRODUCERS];
        long taken = 0;
        CHECK(cz__queue_init(&shared, round % 2 ? 4 : 4096, 0) == 0);
        atomic_store(&pushed, 0);
        atomic_store(&go, false);
        for (int i = 0; i < PRODUCERS; i++)
            threads[i] = start_thread(push_until_closed, NULL);
        atomic_store(&go, true);
        while (taken < round % 7)
            taken += cz__queue_pop(&shared) != NULL;
        cz__queue_close(&shared);
        for (int i = 0; i < PRODUCERS; i++)
            join_thread(threads[i]); /* a waiter that the close does not wake hangs here */
        while (cz__queue_pop(&shared))
            taken++;
        CHECK(taken == atomic_load(&pushed));
        cz__queue_free(&shared);
    }
}

static void test_waiting_for_room_times_out(void)
{
    CHECK(cz__queue_init(&shared, 1, 0) == 0);
    CHECK(cz__queue_wait_room(&shared, -1) == 0); /* there is room */
    CHECK(push(&shared, records) == 0);
    CHECK(cz__queue_wait_room(&shared, MILLISECOND_NS) == CZ_ETIMEDOUT);
    CHECK(atomic_load(&shared.waiting) == 0);
    cz__queue_free(&shared);
}

static void *push_next(void *unused)
{
    CHECK(push(&shared, &records[1]) == 0);
    return unused;
}

/* As if the consumer of the lap before had lost its processor to a real-time producer. */
static void test_push_gives_way_to_the_consumer_that_has_not_left_its_cell(void)
{
    pthread_t thread;
    CHECK(cz__queue_init(&shared, 2, 0) == 0 && shared.mask == 1);
    CHECK(push(&shared, records) == 0);
    CHECK(push(&shared, records) == 0);
    atomic_fetch_add(&shared.head, 1);
    thread = start_thread(push_next, NULL);
    CHECK(processor_ns_of_half_a_second(thread) < SECOND_NS / 10);
    atomic_fetch_add(&shared.cells[0].turn, 1);
    join_thread(thread);
    CHECK(cz__queue_pop(&shared) == records && cz__queue_pop(&shared) == &records[1]);
    cz__queue_free(&shared);
}

int main(void)
{
    RUN(test_push_one_pop_one);
    RUN(test_capacity_is_exact_and_order_first_in_first_out);
    RUN(test_small_ring_wraps_many_times);
    RUN(test_slack_is_for_what_comes_back);
    RUN(test_closed_queue_refuses_only_what_is_new);
    RUN(test_many_threads_lose_and_double_nothing);
    RUN(test_full_queue_wakes_its_waiting_producers);
    RUN(test_push_that_races_with_a_close_is_in_or_refused);
    RUN(test_waiting_for_room_times_out);
    RUN(test_push_gives_way_to_the_consumer_that_has_not_left_its_cell);
    return 0;
}
