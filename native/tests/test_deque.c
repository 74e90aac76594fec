/* Of each entry one gets hold, whoever pops and steals at the same time. */
#include "check.h"
#include "deque.h"

enum { ENTRIES = 200000, THIEVES = 3 };

static struct cz__deque deque;
static _Atomic(uint8_t) taken[ENTRIES];
static _Atomic(int) over;

static void take(void *entry)
{
    CHECK(atomic_fetch_add((_Atomic(uint8_t) *)entry, 1) == 0);
}

static void *thief(void *count)
{
    int64_t place;
    void *entry;
    while (!atomic_load(&over)) {
        entry = cz__deque_look(&deque, &place);
        if (entry && cz__deque_take(&deque, place)) {
            take(entry);
            ++*(long *)count;
        }
    }
    return NULL;
}

static void test_each_entry_has_one_taker(void)
{
    pthread_t threads[THIEVES];
    long stolen[THIEVES] = {0}, popped = 0, sum = 0;
    uint64_t rng = 7;
    void *entry;
    int next = 0;
    for (int i = 0; i < THIEVES; i++)
        threads[i] = start_thread(thief, &stolen[i]);
    while (next < ENTRIES) {
        for (uint64_t n = draw(&rng) % 8; n && next < ENTRIES; n--)
            if (cz__deque_push(&deque, (void *)&taken[next]))
                next++;
        for (uint64_t n = draw(&rng) % 8; n && (entry = cz__deque_pop(&deque)); n--, popped++)
            take(entry);
    }
    for (; (entry = cz__deque_pop(&deque)); popped++)
        take(entry);
    atomic_store(&over, 1);
    for (int i = 0; i < THIEVES; i++) {
        join_thread(threads[i]);
        sum += stolen[i];
    }
    CHECK(sum + popped == ENTRIES);
    for (int i = 0; i < ENTRIES; i++)
        CHECK(atomic_load(&taken[i]) == 1);
}

static void test_owner_gets_the_newest_a_thief_the_oldest(void)
{
    int64_t place;
    static int entries[3];
    for (int i = 0; i < 3; i++)
        CHECK(cz__deque_push(&deque, &entries[i]));
    CHECK(cz__deque_look(&deque, &place) == &entries[0] && cz__deque_take(&deque, place));
    CHECK(cz__deque_pop(&deque) == &entries[2] && cz__deque_pop(&deque) == &entries[1]);
    CHECK(cz__deque_pop(&deque) == NULL && cz__deque_look(&deque, &place) == NULL);
}

static void test_full_one_refuses(void)
{
    static int entry;
    for (int i = 0; i < CZ__DEQUE_ROOM; i++)
        CHECK(cz__deque_push(&deque, &entry));
    CHECK(!cz__deque_push(&deque, &entry));
    while (cz__deque_pop(&deque))
        ;
}

int main(void)
{
    RUN(test_owner_gets_the_newest_a_thief_the_oldest);
    RUN(test_full_one_refuses);
    RUN(test_each_entry_has_one_taker);
    return 0;
}
