/* Loops of threads that are no workers, as Numba's generated code runs them. */
#include "open_loop.h"
#include "os.h"
#include "running.h"

enum { LENGTH = 3000, OWNERS = 4, THREADS = 3 };

struct job {
    _Atomic(int) ran[LENGTH];
    _Atomic(int) inside[THREADS]; /* by slot */
    int64_t sums[THREADS];        /* written without atomics: slots are exclusive */
    int depth;
};

static void loop_over(struct job *job, size_t length);

/* A generalized ufunc of one argument, an index for each iteration. */
static void kernel(char **arguments, size_t *dimensions, size_t *steps, void *data)
{
    struct job *job = data;
    int64_t slot = cz_open_loop_slot();
    CHECK(slot >= 0 && slot < cz_open_loop_threads() && slot < THREADS);
    CHECK(atomic_fetch_add(&job->inside[slot], 1) == 0);
    for (size_t i = 0; i < dimensions[0]; i++) {
        int64_t index = *(int64_t *)(void *)(arguments[0] + i * steps[0]);
        atomic_fetch_add(&job->ran[index], 1);
        job->sums[slot] += index;
    }
    if (job->depth) {
        struct job *inner = calloc(1, sizeof *inner);
        loop_over(inner, dimensions[0]);
        free(inner);
    }
    CHECK(atomic_fetch_sub(&job->inside[slot], 1) == 1);
    CHECK(cz_open_loop_slot() == slot);
}

static int64_t numbers[LENGTH];

static void loop_over(struct job *job, size_t length)
{
    char *arguments[1] = {(char *)numbers};
    size_t dimensions[1] = {length}, steps[1] = {sizeof *numbers};
    int64_t sum = 0;
    cz_open_loop_run((void *)(uintptr_t)kernel, arguments, dimensions, steps, job, 0, 1, THREADS);
    for (size_t i = 0; i < length; i++)
        CHECK(atomic_load(&job->ran[i]) == 1);
    for (int i = 0; i < THREADS; i++)
        sum += job->sums[i];
    CHECK(sum == (int64_t)(length * (length - 1) / 2));
}

static void *own_loops(void *argument)
{
    uint64_t state = (uint64_t)(uintptr_t)argument + 1;
    struct job *job = calloc(1, sizeof *job);
    for (int i = 0; i < 150; i++) {
        memset(job, 0, sizeof *job);
        job->depth = draw(&state) % 5 == 0;
        loop_over(job, 1 + draw(&state) % LENGTH);
    }
    free(job);
    return NULL;
}

static void run_owners(void)
{
    pthread_t threads[OWNERS];
    for (uintptr_t i = 0; i < OWNERS; i++)
        threads[i] = start_thread(own_loops, (void *)i);
    for (int i = 0; i < OWNERS; i++)
        pthread_join(threads[i], NULL);
}

static void test_many_owners_and_nested_loops_at_once(void)
{
    set_up(3, 64);
    cz_open_loops_home(pool, THREADS, NULL);
    run_owners();
    tear_down();
}

static void test_loops_without_a_home_are_run_by_their_owner(void)
{
    run_owners();
}

static _Atomic(int) held;

static void wait_for_two(char **arguments, size_t *dimensions, size_t *steps, void *data)
{
    (void)arguments, (void)dimensions, (void)steps, (void)data;
    atomic_fetch_add(&held, 1);
    YIELD_UNTIL(atomic_load(&held) >= 2);
}

static void test_idle_worker_helps(void)
{
    size_t dimensions[1] = {2};
    set_up(1, 64);
    cz_open_loops_home(pool, 2, NULL);
    cz_open_loop_run((void *)(uintptr_t)wait_for_two, NULL, dimensions, NULL, NULL, 0, 0, 2);
    tear_down();
}

static int give_up(void)
{
    return 1;
}

static void slowly(char **arguments, size_t *dimensions, size_t *steps, void *data)
{
    int64_t until = cz__monotonic_ns() + SECOND_NS / 25;
    (void)arguments, (void)dimensions, (void)steps, (void)data;
    while (cz__monotonic_ns() < until)
        cz__pause();
    atomic_fetch_add(&held, 1);
}

static void test_interrupted_owner_gives_up_the_rest(void)
{
    size_t dimensions[1] = {LENGTH};
    set_up(1, 64);
    cz_open_loops_home(pool, 2, give_up);
    atomic_store(&held, 0);
    cz_open_loop_run((void *)(uintptr_t)slowly, NULL, dimensions, NULL, NULL, 0, 0, 2);
    CHECK(atomic_load(&held) >= 1 && atomic_load(&held) <= 4);
    tear_down();
}

int main(void)
{
    for (int64_t i = 0; i < LENGTH; i++)
        numbers[i] = i;
    RUN(test_loops_without_a_home_are_run_by_their_owner);
    RUN(test_many_owners_and_nested_loops_at_once);
    RUN(test_idle_worker_helps);
    RUN(test_interrupted_owner_gives_up_the_rest);
    return 0;
}
