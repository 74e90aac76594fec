/* Memory of arrays that were let go of: who gets it, how long it is kept, how much of it. */
#include "check.h"

#include <sys/wait.h>

#include "os.h"
#include "spare.h"

/* --- a stand-in for Numba ----------------------------------------------------------------- */

struct allocator {
    void *(*malloc)(size_t bytes, void *data);
    void *(*realloc)(void *memory, size_t bytes, void *data);
    void (*free)(void *memory, void *data);
    void *data;
};

struct info {
    struct allocator *allocator;
    char header[40];
};

static _Atomic(int) plain_calls;

static void *allocate_external(size_t bytes, struct allocator *allocator)
{
    struct info *info = allocator->malloc(sizeof *info + bytes, allocator->data);
    if (info)
        info->allocator = allocator;
    return info;
}

static void release(void *memory)
{
    struct info *info = memory;
    if (info->allocator)
        info->allocator->free(info, info->allocator->data);
    else
        free(info);
}

static void *data_of(void *info)
{
    return (struct info *)info + 1;
}

static void *alloc_aligned(size_t bytes, unsigned alignment)
{
    struct info *info = malloc(sizeof *info + bytes + alignment);
    atomic_fetch_add(&plain_calls, 1);
    CHECK(info);
    info->allocator = NULL;
    return info;
}

static void *const interface[] = {
    NULL, (void *)(uintptr_t)allocate_external, NULL,
    NULL, (void *)(uintptr_t)release,           (void *)(uintptr_t)data_of};

/* --- arrays -------------------------------------------------------------------------------- */

enum { LARGE = 512 * 1024 };

static struct cz__bell bell;

static void *array(size_t bytes)
{
    void *info = cz_array_new(bytes, 32);
    CHECK(info && (uintptr_t)data_of(info) % 16 == 0);
    return info;
}

static bool kept_by_us(size_t bytes)
{
    int before = atomic_load(&plain_calls);
    release(array(bytes));
    return atomic_load(&plain_calls) == before;
}

/* So much later. */
static int64_t look_after(int64_t ns)
{
    return cz__spare_look(cz__ticks() + cz__ticks_of_ns(ns));
}

static void forget_all(void)
{
    int64_t later = 0;
    while (cz_array_spare() || look_after(later) >= 0)
        look_after(later += 2 * CZ__SPARE_AGE_NS);
}

static void test_without_a_clock_all_memory_is_numbas(void)
{
    CHECK(!kept_by_us(LARGE) && cz_array_spare() == 0);
    cz__spare_begin(&bell);
    CHECK(kept_by_us(LARGE) && !kept_by_us(CZ__SPARE_SMALLEST - 1));
    CHECK(cz_array_spare() > LARGE);
    cz__spare_end(&bell);
    CHECK(cz_array_spare() == 0 && !kept_by_us(LARGE));
}

static void test_next_array_of_about_that_length_gets_the_memory(void)
{
    void *first, *second, *third;
    cz__spare_begin(&bell);
    first = array(LARGE);
    CHECK((uintptr_t)data_of(first) % 64 == 0);
    release(first);
    second = array(LARGE - LARGE / 8);
    CHECK(second == first && cz_array_spare() == 0);
    release(second);
    second = array(2 * LARGE);
    third = array(LARGE / 2);
    CHECK(second != first && third != first); /* too short; much too long */
    CHECK((uintptr_t)data_of(second) % 64 == 0 && (uintptr_t)data_of(third) % 64 == 0);
    release(second);
    release(third);
    CHECK(cz_array_spare() > 3 * LARGE);
    cz__spare_end(&bell);
}

static void test_what_nobody_takes_is_freed_after_a_second(void)
{
    uint32_t rings;
    cz__spare_begin(&bell);
    forget_all();
    rings = atomic_load(&bell.rings);
    CHECK(look_after(0) == -1);
    release(array(LARGE));
    CHECK(atomic_load(&bell.rings) == rings + 1);
    release(array(LARGE));
    CHECK(atomic_load(&bell.rings) == rings + 1); /* a clock looks already */
    CHECK(look_after(CZ__SPARE_AGE_NS / 2) > 0 && cz_array_spare());
    CHECK(look_after(4 * CZ__SPARE_AGE_NS) == -1 && cz_array_spare() == 0);
    forget_all();
    release(array(LARGE));
    CHECK(atomic_load(&bell.rings) > rings + 1);
    cz__spare_end(&bell);
}

static void test_memory_that_is_kept_is_bounded(void)
{
    enum { MANY = CZ__SPARE_SLOTS + 20 };
    static void *arrays[MANY];
    cz__spare_begin(&bell);
    for (int i = 0; i < MANY; i++)
        arrays[i] = array(CZ__SPARE_SMALLEST);
    for (int i = 0; i < MANY; i++)
        release(arrays[i]);
    CHECK(cz_array_spare() <= (uint64_t)CZ__SPARE_SLOTS * (CZ__SPARE_SMALLEST + 256));
    forget_all();
    for (int i = 0; i < 12; i++)
        arrays[i] = array(32 << 20);
    for (int i = 0; i < 12; i++) {
        release(arrays[i]);
        CHECK(cz_array_spare() <= CZ__SPARE_MOST);
    }
    cz__spare_end(&bell);
    CHECK(cz_array_spare() == 0);
}

static void test_another_clock_goes_on(void)
{
    static struct cz__bell other;
    uint32_t rings;
    cz__spare_begin(&bell);
    cz__spare_begin(&other);
    forget_all();
    release(array(LARGE));
    rings = atomic_load(&other.rings);
    cz__spare_end(&bell);
    CHECK(cz_array_spare() && atomic_load(&other.rings) == rings + 1);
    cz__spare_end(&other);
    CHECK(cz_array_spare() == 0);
}

static void test_child_of_a_fork_has_no_clock(void)
{
    int status;
    pid_t child;
    cz__spare_begin(&bell);
    release(array(LARGE));
    child = fork();
    if (child == 0)
        _exit(cz_array_spare() || kept_by_us(LARGE) ? 1 : 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(kept_by_us(LARGE));
    cz__spare_end(&bell);
}

/* --- several threads ------------------------------------------------------------------------ */

enum { THREADS = 4, ROUNDS = 20000, SHARED = 8 };

static _Atomic(void *) handed[SHARED];

static void fill(void *info, size_t bytes, uint64_t mark)
{
    uint64_t *words = data_of(info);
    words[0] = bytes;
    words[1] = words[bytes / 8 - 1] = mark;
}

static void check_and_release(void *info)
{
    uint64_t *words = data_of(info);
    CHECK(words[1] == words[words[0] / 8 - 1]);
    release(info);
}

static void *make_and_let_go(void *argument)
{
    uint64_t rng = (uint64_t)(uintptr_t)argument;
    for (int i = 0; i < ROUNDS; i++) {
        size_t bytes = (size_t)CZ__SPARE_SMALLEST << draw(&rng) % 3;
        void *info = array(bytes + 8 * (draw(&rng) % 100)), *before;
        fill(info, bytes, draw(&rng));
        before = atomic_exchange(&handed[draw(&rng) % SHARED], info);
        if (before)
            check_and_release(before); /* another thread's, mostly */
        if (i % 64 == 0)
            look_after(i % 128 ? 0 : 2 * CZ__SPARE_AGE_NS);
    }
    return NULL;
}

static void test_threads_share_what_is_kept(void)
{
    pthread_t threads[THREADS];
    cz__spare_begin(&bell);
    for (uintptr_t i = 0; i < THREADS; i++)
        threads[i] = start_thread(make_and_let_go, (void *)(i + 1));
    for (int i = 0; i < THREADS; i++)
        join_thread(threads[i]);
    for (int i = 0; i < SHARED; i++) {
        void *last = atomic_exchange(&handed[i], NULL);
        if (last)
            check_and_release(last);
    }
    cz__spare_end(&bell);
    CHECK(cz_array_spare() == 0);
}

static _Atomic(bool) forked;

static void *set_up_again(void *unused)
{
    while (!atomic_load(&forked))
        cz_array_memory((void *)(uintptr_t)interface, (void *)(uintptr_t)alloc_aligned);
    return unused;
}

static void test_child_of_a_fork_is_set_up_while_another_thread_was_at_it(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, set_up_again, NULL) == 0);
    for (int i = 0; i < 50; i++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            cz_array_memory((void *)(uintptr_t)interface, (void *)(uintptr_t)alloc_aligned);
            _exit(0);
        }
        CHECK(child > 0);
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(status == 0);
    }
    atomic_store(&forked, true);
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(void)
{
    CHECK(cz_array_memory((void *)(uintptr_t)interface, (void *)(uintptr_t)alloc_aligned) == 1);
    CHECK(cz_array_spare() == 0);
    RUN(test_without_a_clock_all_memory_is_numbas);
    RUN(test_next_array_of_about_that_length_gets_the_memory);
    RUN(test_what_nobody_takes_is_freed_after_a_second);
    RUN(test_memory_that_is_kept_is_bounded);
    RUN(test_another_clock_goes_on);
    RUN(test_child_of_a_fork_has_no_clock);
    RUN(test_threads_share_what_is_kept);
    RUN(test_child_of_a_fork_is_set_up_while_another_thread_was_at_it);
    return 0;
}
