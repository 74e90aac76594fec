/* Regions: slabs that are mapped for the library alone, and given back. */
#include "region.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { PER_REGION = 63, MANY = CZ__KEPT_MOST + 3 * PER_REGION };

static void *slabs[MANY];

static uint64_t regions(void)
{
    uint64_t mapped, kept;
    cz__region_count(&mapped, &kept);
    return mapped;
}

static uint64_t kept(void)
{
    uint64_t mapped, kept;
    cz__region_count(&mapped, &kept);
    return kept;
}

static bool resident(void *slab)
{
    unsigned char pages[CZ__SLAB_BYTES / 4096];
    CHECK(mincore(slab, CZ__SLAB_BYTES, pages) == 0);
    return pages[0] & 1;
}

static void test_slabs_are_aligned_and_apart(void)
{
    for (int i = 0; i < 3 * PER_REGION; i++) {
        slabs[i] = cz__region_allocate();
        CHECK(slabs[i] && (uintptr_t)slabs[i] % CZ__SLAB_BYTES == 0);
        memset(slabs[i], i, CZ__SLAB_BYTES);
    }
    CHECK(regions() == 3);
    for (int i = 0; i < 3 * PER_REGION; i++) {
        const unsigned char *bytes = slabs[i];
        CHECK(bytes[0] == (i & 255) && bytes[CZ__SLAB_BYTES - 1] == (i & 255));
        cz__region_release(slabs[i]);
    }
}

static void test_freed_slab_is_the_next_with_its_memory(void)
{
    void *slab = cz__region_allocate();
    memset(slab, 1, CZ__SLAB_BYTES);
    cz__region_release(slab);
    CHECK(resident(slab));
    CHECK(cz__region_allocate() == slab);
    cz__region_release(slab);
}

static void test_only_so_many_free_slabs_keep_their_memory(void)
{
    for (int i = 0; i < MANY; i++) {
        slabs[i] = cz__region_allocate();
        memset(slabs[i], 1, CZ__SLAB_BYTES);
    }
    CHECK(kept() == 0);
    for (int i = 0; i < CZ__KEPT_MOST; i++)
        cz__region_release(slabs[i]);
    CHECK(kept() == CZ__KEPT_MOST);
    cz__region_release(slabs[MANY - 1]);
    CHECK(kept() == CZ__KEPT_MOST && !resident(slabs[MANY - 1]));
    for (int i = CZ__KEPT_MOST; i < MANY - 1; i++)
        cz__region_release(slabs[i]);
    CHECK(kept() <= CZ__KEPT_MOST);
    CHECK(regions() <= CZ__KEPT_MOST / PER_REGION + 1);
}

static void *trade(void *seed)
{
    enum { MINE = 40 };
    void *mine[MINE] = {NULL};
    uint64_t rng = (uintptr_t)seed;
    for (int i = 0; i < 20000; i++) {
        unsigned k = draw(&rng) % MINE;
        if (mine[k]) {
            CHECK(*(void **)mine[k] == seed);
            cz__region_release(mine[k]);
            mine[k] = NULL;
        } else {
            mine[k] = cz__region_allocate();
            *(void **)mine[k] = seed;
        }
    }
    for (int k = 0; k < MINE; k++)
        if (mine[k])
            cz__region_release(mine[k]);
    return NULL;
}

static void test_threads_trade_slabs(void)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = start_thread(trade, (void *)(uintptr_t)(i + 7));
    for (int i = 0; i < 3; i++)
        join_thread(threads[i]);
    CHECK(kept() <= CZ__KEPT_MOST);
}

static _Atomic(bool) forked;

static void *trade_until_forked(void *unused)
{
    (void)unused;
    while (!atomic_load(&forked))
        cz__region_release(cz__region_allocate());
    return NULL;
}

static void test_child_of_a_fork_finds_the_lock_free(void)
{
    pthread_t thread = start_thread(trade_until_forked, NULL);
    for (int i = 0; i < 50; i++) {
        int status;
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            alarm(30);
            cz__region_release(cz__region_allocate());
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    }
    atomic_store(&forked, true);
    join_thread(thread);
}

int main(void)
{
    RUN(test_slabs_are_aligned_and_apart);
    RUN(test_freed_slab_is_the_next_with_its_memory);
    RUN(test_only_so_many_free_slabs_keep_their_memory);
    RUN(test_threads_trade_slabs);
#ifndef __SANITIZE_THREAD__ /* which does not go with fork */
    RUN(test_child_of_a_fork_finds_the_lock_free);
#else
    (void)test_child_of_a_fork_finds_the_lock_free;
#endif
    return 0;
}
