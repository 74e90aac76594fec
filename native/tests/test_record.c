/* The life of a record: whoever lets go of it last frees it, once, in every order. */
#include "check.h"

#include <signal.h>

#include "ending.h"
#include "record.h"

static struct cz__depot depot;
static struct cz_type type = {.class_index = 1};

static struct cz_record *fresh(struct cz_cache *cache)
{
    struct cz_record *record = cz_record_new(cache, &type);
    CHECK(record != NULL);
    return record;
}

/* Frees are seen by the cache's counts, and a double free by the block lying there twice. */
static uint32_t home(const struct cz_cache *cache)
{
    return cache->lists[1].count;
}

static void open_depot(struct cz_cache *cache)
{
    cz__depot_init(&depot, check_allocate, check_release, 0);
    cz__cache_init(cache, &depot);
}

static void close_depot(struct cz_cache *cache)
{
    cz__cache_flush(cache);
    CHECK(depot.blocks_out == 0);
    CHECK(cz__depot_close(&depot) == 0);
    CHECK(atomic_load(&check_live) == 0);
}

static void test_fresh_record_is_pending_and_held_by_both(void)
{
    struct cz_cache cache;
    struct cz_record *record;
    open_depot(&cache);
    record = fresh(&cache);
    CHECK(atomic_load(&record->state) == (CZ_PENDING | CZ_HANDLE | CZ_POOL));
    CHECK(record->started_at == 0 && record->finished_at == 0 && record->error == NULL);
    CHECK((uintptr_t)record % 16 == 0 && (uintptr_t)cz_payload(record) % 16 == 0);
    cz_record_free(&cache, record);
    close_depot(&cache);
}

static void test_state_moves_once_and_only_forward(void)
{
    struct cz_cache cache;
    struct cz_record *record;
    open_depot(&cache);
    record = fresh(&cache);
    CHECK(cz_record_start(record) == 1);
    CHECK(cz_record_start(record) == 0 && cz_record_cancel(record) == 0);
    cz_record_finish(record, CZ_COMPLETED);
    CHECK(phase_of(record) == CZ_COMPLETED);
    CHECK(cz_record_start(record) == 0 && cz_record_cancel(record) == 0);
    cz_record_free(&cache, record);
    record = fresh(&cache);
    CHECK(cz_record_cancel(record) == 1);
    CHECK(cz_record_cancel(record) == 0 && cz_record_start(record) == 0);
    CHECK(phase_of(record) == CZ_CANCELLED);
    cz_record_free(&cache, record);
    close_depot(&cache);
}

/* What the handle's side and the pool's side may do, each in this order; all merges of
 * the two are tried. A step that the other side's progress forbids does nothing. */
enum step { CANCEL, DROP, POP, END, STEPS };

struct walk {
    struct cz_cache cache;
    struct cz_record *record;
    bool running, dropped, let_go;
};

static void step(struct walk *walk, enum step step)
{
    switch (step) {
    case CANCEL:
        cz_record_cancel(walk->record);
        break;
    case DROP:
        cz_record_drop(&walk->cache, walk->record);
        walk->dropped = true;
        break;
    case POP:
        walk->running = cz_record_start(walk->record);
        if (!walk->running) {
            cz_record_release(&walk->cache, walk->record);
            walk->let_go = true;
        }
        break;
    case END:
        if (walk->running) {
            cz__record_end(&walk->cache, walk->record, CZ_COMPLETED);
            walk->let_go = true;
        }
        break;
    default:
        CHECK(false);
    }
}

static void test_every_order_frees_once(void)
{
    static const enum step orders[][STEPS] = {
        {CANCEL, DROP, POP, END}, {CANCEL, POP, DROP, END}, {CANCEL, POP, END, DROP},
        {POP, CANCEL, DROP, END}, {POP, CANCEL, END, DROP}, {POP, END, CANCEL, DROP},
    };
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        for (int without = 0; without < 2; without++) { /* a cancel */
            struct walk walk = {.dropped = false};
            uint32_t before;
            open_depot(&walk.cache);
            cz_record_free(&walk.cache, fresh(&walk.cache)); /* fills the cache */
            before = home(&walk.cache);
            walk.record = fresh(&walk.cache);
            for (int j = 0; j < STEPS; j++) {
                if (without && orders[i][j] == CANCEL)
                    continue;
                CHECK(!(walk.dropped && walk.let_go));
                step(&walk, orders[i][j]);
                CHECK(home(&walk.cache) == (walk.dropped && walk.let_go ? before : before - 1));
                if (walk.dropped && walk.let_go)
                    break;
            }
            CHECK(walk.dropped && walk.let_go);
            close_depot(&walk.cache);
        }
}

static void test_running_and_final_phases_survive_a_drop_of_the_pool(void)
{
    struct cz_cache cache;
    struct cz_record *record;
    open_depot(&cache);
    record = fresh(&cache);
    CHECK(cz_record_start(record));
    cz__record_end(&cache, record, CZ_FAILED);
    CHECK(atomic_load(&record->state) == (CZ_FAILED | CZ_HANDLE));
    cz_record_drop(&cache, record);
    close_depot(&cache);
}

/* --- two sides at once ------------------------------------------------------------- */

enum { RACES = 20000 };
static _Atomic(struct cz_record *) handed; /* to the other side; NULL: it is done with it */
static _Atomic(bool) over;
static _Atomic(long) ran, cancelled;

static void *pool_side(void *unused)
{
    struct cz_cache cache;
    struct cz_record *record;
    (void)unused;
    cz__cache_init(&cache, &depot);
    while (!atomic_load(&over)) {
        if ((record = atomic_load(&handed)) == NULL) {
            sched_yield();
            continue;
        }
        atomic_store(&handed, NULL);
        if (cz_record_start(record)) {
            record->status = 7;
            atomic_fetch_add(&ran, 1);
            cz__record_end(&cache, record, CZ_FAILED);
        } else {
            cz_record_release(&cache, record);
        }
    }
    cz__cache_flush(&cache);
    return NULL;
}

static void test_handle_and_pool_race_and_free_once(void)
{
    struct cz_cache cache;
    pthread_t thread;
    uint64_t rng = 11;
    open_depot(&cache);
    thread = start_thread(pool_side, NULL);
    for (int i = 0; i < RACES; i++) {
        struct cz_record *record = fresh(&cache);
        YIELD_UNTIL(atomic_load(&handed) == NULL);
        atomic_store(&handed, record);
        for (uint64_t pause = draw(&rng) % 64; pause; pause--)
            cz__pause();
        switch (draw(&rng) % 3) {
        case 0:
            atomic_fetch_add(&cancelled, cz_record_cancel(record));
            break;
        case 1:
            CHECK(cz_record_wait(record, -1) == 0);
            CHECK(phase_of(record) == CZ_FAILED && record->status == 7);
            break;
        }
        cz_record_drop(&cache, record);
    }
    YIELD_UNTIL(atomic_load(&handed) == NULL);
    atomic_store(&over, true);
    join_thread(thread);
    CHECK(atomic_load(&ran) + atomic_load(&cancelled) == RACES);
    close_depot(&cache);
}

/* --- waiting ----------------------------------------------------------------------- */

static void *wait_for(void *record)
{
    CHECK(cz_record_wait(record, -1) == 0);
    return NULL;
}

static void wait_and_end_with(void (*end)(struct cz_record *))
{
    enum { WAITERS = 3 };
    struct cz_cache cache;
    open_depot(&cache);
    for (int i = 0; i < 200; i++) {
        struct cz_record *record = fresh(&cache);
        pthread_t waiters[WAITERS];
        for (int j = 0; j < WAITERS; j++)
            waiters[j] = start_thread(wait_for, record);
        if (i % 2)
            YIELD_UNTIL(atomic_load(&record->state) & CZ_SLEEPER);
        end(record);
        for (int j = 0; j < WAITERS; j++)
            join_thread(waiters[j]);
        cz_record_free(&cache, record);
    }
    close_depot(&cache);
}

static void run_it(struct cz_record *record)
{
    CHECK(cz_record_start(record));
    cz_record_finish(record, CZ_COMPLETED);
}

static void cancel_it(struct cz_record *record)
{
    CHECK(cz_record_cancel(record));
}

static void test_every_waiter_wakes_at_the_end(void)
{
    wait_and_end_with(run_it);
}

static void test_every_waiter_wakes_at_a_cancel(void)
{
    wait_and_end_with(cancel_it);
}

static void test_wait_times_out(void)
{
    struct cz_cache cache;
    struct cz_record *record;
    open_depot(&cache);
    record = fresh(&cache);
    CHECK(cz_record_wait(record, 0) == CZ_ETIMEDOUT);
    CHECK(cz_record_wait(record, MILLISECOND_NS) == CZ_ETIMEDOUT);
    CHECK(cz_record_cancel(record) && cz_record_wait(record, 0) == 0);
    cz_record_free(&cache, record);
    close_depot(&cache);
}

static _Atomic(bool) interrupted;

static void on_signal(int number)
{
    (void)number;
}

static void *wait_interrupted(void *record)
{
    CHECK(cz_record_wait(record, -1) == CZ_EINTR);
    atomic_store(&interrupted, true);
    return NULL;
}

static void test_a_signal_ends_the_wait(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct cz_cache cache;
    struct cz_record *record;
    pthread_t thread;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    open_depot(&cache);
    record = fresh(&cache);
    thread = start_thread(wait_interrupted, record);
    while (!atomic_load(&interrupted)) { /* it may not be asleep yet */
        pthread_kill(thread, SIGUSR1);
        sched_yield();
    }
    join_thread(thread);
    cz_record_free(&cache, record);
    close_depot(&cache);
}

int main(void)
{
    RUN(test_fresh_record_is_pending_and_held_by_both);
    RUN(test_state_moves_once_and_only_forward);
    RUN(test_every_order_frees_once);
    RUN(test_running_and_final_phases_survive_a_drop_of_the_pool);
    RUN(test_handle_and_pool_race_and_free_once);
    RUN(test_every_waiter_wakes_at_the_end);
    RUN(test_every_waiter_wakes_at_a_cancel);
    RUN(test_wait_times_out);
    RUN(test_a_signal_ends_the_wait);
    return 0;
}
