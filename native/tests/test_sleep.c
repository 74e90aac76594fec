/* Sleep and wake. Work is a counter here; a lost wake-up is a hang. */
#include "check.h"

#include "os.h"
#include "sleep.h"

enum { WORKERS = 4, PUSHERS = 2 };
static struct cz__sleep sleep_word;
static _Atomic(int64_t) work, done;
static _Atomic(bool) over;

static bool take_work(void)
{
    int64_t left = cz__load_relaxed(&work);
    while (left > 0)
        if (cz__cas_seqcst(&work, &left, left - 1))
            return true;
    return false;
}

/* What cz__lane_notify does, without its backlog. */
static void add_work(void)
{
    uint32_t counts;
    cz__add_seqcst(&work, 1);
    counts = cz__sleep_counts(&sleep_word);
    if (cz__sleepers(counts) && cz__lookouts(counts) == 0)
        cz__sleep_wake_one(&sleep_word);
}

/* What a lane's worker does; with a timeout, what an impatient guest does. */
static void *worker(void *argument)
{
    int64_t timeout_ns = *(const int64_t *)argument;
    uint64_t rng = (uint64_t)(uintptr_t)&timeout_ns | 1;
    cz__lookout_join(&sleep_word);
    for (;;) {
        bool finished;
        while (take_work()) {
            bool is_long = draw(&rng) % 4 == 0;
            if (is_long) { /* as cz__lane_enter_long */
                cz__lookout_quit(&sleep_word);
                if (cz__lookouts(cz__sleep_counts(&sleep_word)) == 0 && cz__load_seqcst(&work))
                    cz__sleep_wake_one(&sleep_word);
                sched_yield();
                cz__lookout_join(&sleep_word);
            }
            cz__add_seqcst(&done, 1);
        }
        cz__sleep_prepare(&sleep_word);
        finished = cz__load_seqcst(&over);
        if (cz__load_seqcst(&work)) {
            cz__sleep_cancel(&sleep_word);
        } else if (finished) {
            cz__sleep_cancel(&sleep_word);
            break;
        } else {
            int result = cz__sleep_wait(&sleep_word, timeout_ns);
            CHECK(result == 0 || (result == CZ_ETIMEDOUT && timeout_ns >= 0));
        }
    }
    cz__lookout_quit(&sleep_word);
    return NULL;
}

/* Rounds short enough that the workers sleep between them, most of the time. */
static void *pusher(void *argument)
{
    uint64_t rng = (uint64_t)(uintptr_t)argument + 1;
    for (int round = 0; round < 3000; round++) {
        for (uint64_t burst = draw(&rng) % 4 + 1; burst; burst--)
            add_work();
        if (round % 8)
            YIELD_UNTIL(cz__load_seqcst(&work) == 0);
        else
            YIELD_UNTIL(cz__load_seqcst(&work) == 0 &&
                        cz__lookouts(cz__sleep_counts(&sleep_word)) < WORKERS);
    }
    return NULL;
}

static void hunt(int64_t timeout_ns)
{
    pthread_t workers[WORKERS], pushers[PUSHERS];
    memset(&sleep_word, 0, sizeof sleep_word);
    cz__store_seqcst(&over, false);
    for (int i = 0; i < WORKERS; i++)
        workers[i] = start_thread(worker, &timeout_ns);
    for (int i = 0; i < PUSHERS; i++)
        pushers[i] = start_thread(pusher, (void *)(uintptr_t)i);
    for (int i = 0; i < PUSHERS; i++)
        join_thread(pushers[i]);
    cz__store_seqcst(&over, true);
    cz__sleep_wake_all(&sleep_word);
    for (int i = 0; i < WORKERS; i++)
        join_thread(workers[i]);
    CHECK(cz__load_seqcst(&work) == 0);
    /* Nobody is counted any more, and every ticket has been used. */
    CHECK(cz__sleep_counts(&sleep_word) == 0);
    CHECK(cz__load_seqcst(&sleep_word.tickets) == 0);
}

static void test_one_sleeper_one_wake(void)
{
    memset(&sleep_word, 0, sizeof sleep_word);
    CHECK(!cz__sleep_wake_one(&sleep_word));
    cz__lookout_join(&sleep_word);
    cz__sleep_prepare(&sleep_word);
    CHECK(cz__sleepers(cz__sleep_counts(&sleep_word)) == 1);
    CHECK(cz__sleep_wake_one(&sleep_word) && !cz__sleep_wake_one(&sleep_word));
    CHECK(cz__lookouts(cz__sleep_counts(&sleep_word)) == 1); /* counted before it is awake */
    CHECK(cz__sleep_wait(&sleep_word, -1) == 0);
    CHECK(cz__lookouts(cz__sleep_counts(&sleep_word)) == 1);
}

static void test_timeout_and_cancel_leave_no_sleeper(void)
{
    memset(&sleep_word, 0, sizeof sleep_word);
    cz__lookout_join(&sleep_word);
    cz__sleep_prepare(&sleep_word);
    CHECK(cz__sleep_wait(&sleep_word, MILLISECOND_NS) == CZ_ETIMEDOUT);
    CHECK(cz__sleep_counts(&sleep_word) == CZ__LOOKOUT_ONE);
    cz__sleep_prepare(&sleep_word);
    cz__sleep_cancel(&sleep_word);
    CHECK(cz__sleep_counts(&sleep_word) == CZ__LOOKOUT_ONE);
    /* Claimed before it could cancel: the ticket is taken instead. */
    cz__sleep_prepare(&sleep_word);
    CHECK(cz__sleep_wake_one(&sleep_word));
    cz__sleep_cancel(&sleep_word);
    CHECK(cz__sleep_counts(&sleep_word) == CZ__LOOKOUT_ONE);
    CHECK(cz__load_seqcst(&sleep_word.tickets) == 0);
}

static void *give_up(void *unused)
{
    (void)unused;
    cz__sleep_cancel(&sleep_word);
    return NULL;
}

static void test_claimed_worker_gives_up_although_its_ticket_was_taken(void)
{
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        memset(&sleep_word, 0, sizeof sleep_word);
        cz__lookout_join(&sleep_word); /* it has been claimed, its ticket is owed */
        thread = start_thread(give_up, NULL);
        if (i % 2)
            sched_yield();
        /* Another one prepares and takes that ticket: its place on the count is left. */
        cz__add_seqcst(&sleep_word.counts, CZ__SLEEPER_ONE);
        join_thread(thread);
        CHECK(cz__sleepers(cz__sleep_counts(&sleep_word)) == 0);
    }
}

static void test_no_wake_up_is_lost(void)
{
    hunt(-1);
}

static void test_no_wake_up_is_lost_among_timeouts(void)
{
    hunt(20000);
}

int main(void)
{
    RUN(test_one_sleeper_one_wake);
    RUN(test_timeout_and_cancel_leave_no_sleeper);
    RUN(test_claimed_worker_gives_up_although_its_ticket_was_taken);
    RUN(test_no_wake_up_is_lost);
    RUN(test_no_wake_up_is_lost_among_timeouts);
    return 0;
}
