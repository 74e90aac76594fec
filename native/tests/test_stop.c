/* Leaving a running task: machine code of our own stands for compiled tasks. */
#include "endless.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os.h"

static void test_endless_task_is_cancelled_and_its_worker_serves_on(void)
{
    set_up_code(1);
    for (int i = 0; i < 100; i++) {
        struct cz_record *record = run_for_ever(CZ_NORMAL);
        CHECK(cz_record_cancel(record) == 0);
        CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 1);
        CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0);
        CHECK(phase_of(record) == CZ_CANCELLED && record->finished_at);
        CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 0);
        cz_record_drop(cache, record);
        check_still_serves(CZ_NORMAL);
    }
    tear_down();
}

/* Runs first: where code lies is read again only so often. */
static void test_task_is_stopped_among_thousands_of_pieces_of_code(void)
{
    enum { PIECES = 5000, PAGE = 4096 };
    struct cz_record *record;
    char *pages = mmap(NULL, 2 * PIECES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    for (int i = 0; i < PIECES; i++)
        CHECK(mprotect(pages + 2 * i * PAGE, PAGE, PROT_READ | PROT_EXEC) == 0);
    set_up_code(1);
    record = run_for_ever(CZ_NORMAL);
    CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 1);
    CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0 && phase_of(record) == CZ_CANCELLED);
    cz_record_drop(cache, record);
    tear_down();
    CHECK(munmap(pages, 2 * PIECES * PAGE) == 0);
}

/* Ranges that were read a moment ago do not have it. The best of some, for a machine that is busy;
 * without a new reading each of them would take 200 ms. */
static void test_code_is_stopped_soon_after_it_was_loaded(void)
{
    enum { TRIES = 8 };
    int64_t best = INT64_MAX;
    void *old = code, *made[TRIES];
    for (int i = 0; i < TRIES; i++) {
        struct cz_record *record;
        int64_t began, took;
        code = made[i] = new_count_down();
        set_up_code(1);
        record = run_for_ever(CZ_NORMAL);
        began = cz__monotonic_ns();
        CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 1);
        CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0 && phase_of(record) == CZ_CANCELLED);
        took = cz__monotonic_ns() - began;
        best = took < best ? took : best;
        cz_record_drop(cache, record);
        tear_down();
    }
    for (int i = 0; i < TRIES; i++)
        CHECK(munmap(made[i], 4096) == 0);
    code = old;
    CHECK(best < 100000000);
}

static void test_relief_worker_can_be_stopped_too(void)
{
    struct cz_pool_options options = pool_options(1, 64);
    struct cz_record *blocker, *relieved;
    cz_entry entry;
    options.relief = 1;
    set_up_with(&options);
    memcpy(&entry, &code, sizeof entry);
    type = call_type(pool, entry);
    cz_type_set_interruptible(type);
    blocker = run_for_ever(CZ_HIGH);
    relieved = run_for_ever(CZ_HIGH); /* the only ordinary worker is busy */
    CHECK(cz_record_stop(relieved, CZ_STOP_CANCEL) == 1);
    CHECK(cz_record_wait(relieved, 60LL * SECOND_NS) == 0);
    CHECK(phase_of(blocker) == CZ_RUNNING);
    CHECK(cz_record_stop(blocker, CZ_STOP_CANCEL) == 1);
    CHECK(cz_record_wait(blocker, 60LL * SECOND_NS) == 0);
    cz_record_drop(cache, blocker);
    cz_record_drop(cache, relieved);
    tear_down();
}

static void test_reserved_worker_can_be_stopped_too(void)
{
    struct cz_record *blocker, *critical;
    set_up_code(1);
    blocker = run_for_ever(CZ_HIGH);
    critical = run_for_ever(CZ_CRITICAL);
    CHECK(cz_record_stop(critical, CZ_STOP_CANCEL) == 1);
    CHECK(cz_record_wait(critical, 60LL * SECOND_NS) == 0);
    check_still_serves(CZ_CRITICAL);
    CHECK(phase_of(blocker) == CZ_RUNNING); /* only the one that was meant */
    CHECK(cz_record_stop(blocker, CZ_STOP_CANCEL) == 1);
    CHECK(cz_record_wait(blocker, 60LL * SECOND_NS) == 0);
    cz_record_drop(cache, blocker);
    cz_record_drop(cache, critical);
    tear_down();
}

static void test_time_limit_ends_an_endless_task(void)
{
    struct cz_record *record;
    set_up_code(1);
    record = call_new(cache, type, NULL);
    CHECK(cz_record_limit(record, MILLISECOND_NS, 0) == 0);
    CHECK(cz_lane_push(lane, record, CZ_NORMAL) == 0);
    CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0);
    CHECK(phase_of(record) == CZ_FAILED);
    CHECK(atomic_load(&record->state) & CZ_STOP_TIMEOUT);
    cz_record_drop(cache, record);
    check_still_serves(CZ_NORMAL);
    tear_down();
}

static void test_stop_that_comes_before_the_limit_begins_goes_on(void)
{
    struct cz_record *record;
    set_up_code(1);
    record = call_new(cache, type, NULL);
    CHECK(cz_record_limit(record, 3600LL * SECOND_NS, 0) == 0);
    CHECK(cz_record_start(record) == 1); /* here is its worker */
    CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 1);
    cz_record_begin(record);
    pthread_mutex_lock(&pool->extras.lock);
    CHECK(cz__extra_of(record)->purpose == CZ__TIMER_STOP);
    pthread_mutex_unlock(&pool->extras.lock);
    cz_record_finish(record, CZ_CANCELLED);
    cz_record_release(cache, record);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_dropped_task_is_stopped_by_its_limit(void)
{
    struct cz_record *record;
    set_up_code(1);
    record = call_new(cache, type, NULL);
    CHECK(cz_record_limit(record, MILLISECOND_NS, 0) == 0);
    CHECK(cz_lane_push(lane, record, CZ_NORMAL) == 0);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_stop_hits_the_meant_task_or_none(void)
{
    uint64_t rng = 3;
    int stopped = 0;
    set_up_code(2);
    for (int i = 0; i < 3000; i++) {
        void *length = (void *)(uintptr_t)(1 + draw(&rng) % 100000);
        struct cz_record *meant = call_push(lane, cache, type, length, CZ_NORMAL);
        struct cz_record *other = call_push(lane, cache, type, length, CZ_NORMAL);
        for (uint64_t n = draw(&rng) % 2000; n; n--)
            cz__pause();
        cz_record_stop(meant, CZ_STOP_CANCEL);
        CHECK(cz_record_wait(meant, 60LL * SECOND_NS) == 0);
        CHECK(cz_record_wait(other, 60LL * SECOND_NS) == 0);
        CHECK(phase_of(other) == CZ_COMPLETED);
        CHECK(phase_of(meant) == CZ_COMPLETED || phase_of(meant) == CZ_CANCELLED);
        stopped += phase_of(meant) == CZ_CANCELLED;
        cz_record_drop(cache, meant);
        cz_record_drop(cache, other);
    }
    printf("  %d of 3000 stopped\n", stopped);
    tear_down();
}

/* --- code that must not be left -------------------------------------------------------- */

static void test_code_of_a_file_is_not_left(void)
{
    struct cz_type *blocking;
    struct cz_record *record;
    set_up_code(1);
    blocking = call_type(pool, block);
    cz_type_set_interruptible(blocking);
    record = call_push(lane, cache, blocking, NULL, CZ_NORMAL);
    gate_pass(&entered);
    CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 1);
    CHECK(cz_record_wait(record, 20 * MILLISECOND_NS) == CZ_ETIMEDOUT);
    end_deaf(record);
    tear_down();
}

/* --- without a descriptor ------------------------------------------------------------------ */

static struct rlimit take_descriptors(void)
{
    struct rlimit before, none;
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = before;
    none.rlim_cur = 0;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    return before;
}

static void test_stop_needs_no_free_descriptor(void)
{
    struct cz_record *record;
    struct rlimit before;
    set_up_code(1);
    before = take_descriptors();
    record = run_for_ever(CZ_NORMAL);
    CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 1);
    CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0 && phase_of(record) == CZ_CANCELLED);
    cz_record_drop(cache, record);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    tear_down();
}

static void close_all(void)
{
    for (int i = 3; i < 256; i++)
        close(i);
}

/* The program has closed what it does not know, and used all that it may. */
static void test_what_cannot_be_stopped_is_said_and_posted(void)
{
    struct cz_record *record, *limited, *mail;
    struct rlimit before;
    uint32_t reasons;
    set_up_code(2);
    before = take_descriptors();
    close_all();
    record = run_for_ever(CZ_NORMAL);
    CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 2);
    limited = call_new(cache, type, NULL);
    CHECK(cz_record_limit(limited, MILLISECOND_NS, 0) == 0);
    CHECK(cz_record_watch(limited) == 1);
    CHECK(cz_lane_push(lane, limited, CZ_NORMAL) == 0);
    YIELD_UNTIL((mail = cz_mail_take(pool, &reasons)) != NULL);
    CHECK(mail == limited && reasons == CZ_MAIL_STOP);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 1);
    CHECK(cz_record_stop(limited, CZ_STOP_CANCEL) == 1);
    CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0 && phase_of(record) == CZ_CANCELLED);
    CHECK(cz_record_wait(limited, 60LL * SECOND_NS) == 0);
    YIELD_UNTIL(cz_mail_take(pool, &reasons) == limited);
    cz_record_drop(cache, record);
    cz_record_drop(cache, limited);
    tear_down();
}

/* --- many signals at once --------------------------------------------------------------- */

static int stop_signal(void)
{
    struct sigaction action;
    for (int number = SIGRTMAX; number >= SIGRTMIN; number--)
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
            return number;
    return 0;
}

static void test_queued_signals_do_not_nest(void)
{
    struct cz_record *record;
    int number, queued = 0;
    set_up_code(1);
    number = stop_signal();
    CHECK(number);
    record = push_deaf();
    /* Each frame of a handler takes about 3 KB of the worker's 256. */
    while (queued < 1000 && pthread_kill(pool->threads[0].thread, number) == 0)
        queued++;
    CHECK(queued > 200);
    gate_open(&leave, 1);
    CHECK(cz_record_wait(record, -1) == 0 && phase_of(record) == CZ_COMPLETED);
    cz_record_drop(cache, record);
    check_still_serves(CZ_NORMAL);
    tear_down();
}

int main(void)
{
#if defined(__SANITIZE_THREAD__)
    /* It runs handlers at calls that it intercepts only, and an endless loop makes none. */
    puts("skipped: ThreadSanitizer delays signals");
    return 0;
#endif
    code = new_count_down();
    RUN(test_task_is_stopped_among_thousands_of_pieces_of_code);
    RUN(test_endless_task_is_cancelled_and_its_worker_serves_on);
    RUN(test_code_is_stopped_soon_after_it_was_loaded);
    RUN(test_relief_worker_can_be_stopped_too);
    RUN(test_reserved_worker_can_be_stopped_too);
    RUN(test_time_limit_ends_an_endless_task);
    RUN(test_stop_that_comes_before_the_limit_begins_goes_on);
    RUN(test_dropped_task_is_stopped_by_its_limit);
    RUN(test_stop_hits_the_meant_task_or_none);
    RUN(test_code_of_a_file_is_not_left);
    RUN(test_stop_needs_no_free_descriptor);
    RUN(test_what_cannot_be_stopped_is_said_and_posted);
    RUN(test_queued_signals_do_not_nest);
    return 0;
}
