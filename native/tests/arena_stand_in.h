/* arena_stand_in.h: a stand-in for jemalloc.
 *
 * It defines the functions that the library looks for, and remembers the arena of every slab and of
 * every thread; an entry looks where its thread allocates. One file of a program includes it.
 */
#ifndef ARENA_STAND_IN_H
#define ARENA_STAND_IN_H

#include "check.h"

#include "alloc.h"
#include "arena.h"

enum { FIRST = 2, MOST_ARENAS = 64, MOST_SLABS = 256 };
static _Atomic(unsigned) made = FIRST; /* 0 and 1 are automatic */
static _Atomic(uint64_t) allocated[MOST_ARENAS];
static _Atomic(int) flushes, purges;
static _Thread_local unsigned here;
static _Atomic(bool) refuse;

static struct {
    _Atomic(void *) memory;
    unsigned arena;
} slabs[MOST_SLABS];
static _Atomic(unsigned) slabs_made;

enum { THREAD_ARENA = 1, FLUSH, SMALL, LARGE, PURGE };

static int number_of(const char *name)
{
    static const char *const names[] = {"thread.arena", "thread.tcache.flush",
                                        "stats.arenas.0.small.allocated",
                                        "stats.arenas.0.large.allocated", "arena.0.purge"};
    for (int i = 0; i < 5; i++)
        if (strcmp(name, names[i]) == 0)
            return i + 1;
    return 0;
}

int mallctlnametomib(const char *name, size_t *mib, size_t *length)
{
    CHECK(number_of(name) && *length >= 4);
    mib[0] = (size_t)number_of(name);
    *length = 4;
    return 0;
}

int mallctlbymib(const size_t *mib, size_t length, void *old, size_t *size, void *new,
                 size_t new_size)
{
    CHECK(length == 4);
    switch (mib[0]) {
    case THREAD_ARENA:
        CHECK(*size == sizeof here && new_size == sizeof here);
        *(unsigned *)old = here;
        here = *(unsigned *)new;
        CHECK(here < atomic_load(&made));
        return 0;
    case FLUSH:
        atomic_fetch_add(&flushes, 1);
        return 0;
    case SMALL:
        *(size_t *)old = atomic_load(&allocated[mib[2]]);
        return 0;
    case LARGE:
        *(size_t *)old = 0;
        return 0;
    default:
        CHECK(mib[0] == PURGE);
        atomic_fetch_add(&purges, 1);
        return 0;
    }
}

int mallctl(const char *name, void *old, size_t *size, void *new, size_t new_size)
{
    (void)new;
    (void)new_size;
    if (strcmp(name, "opt.percpu_arena") == 0) {
        *(const char **)old = "disabled";
        return 0;
    }
    if (strcmp(name, "epoch") == 0)
        return 0;
    if (strcmp(name, "thread.allocatedp") == 0 || strcmp(name, "thread.deallocatedp") == 0)
        return 1; /* tests/memory has a real one */
    CHECK(strcmp(name, "arenas.create") == 0 && *size == sizeof(unsigned));
    if (atomic_load(&refuse))
        return 1;
    *(unsigned *)old = atomic_fetch_add(&made, 1);
    CHECK(*(unsigned *)old < MOST_ARENAS);
    return 0;
}

void *mallocx(size_t bytes, int flags)
{
    unsigned slot = atomic_fetch_add(&slabs_made, 1), arena = ((unsigned)flags >> 20) - 1;
    void *memory = aligned_alloc((size_t)1 << (flags & 63), bytes);
    CHECK(slot < MOST_SLABS && memory && (flags & 0x100)); /* past the thread's cache */
    slabs[slot].arena = arena;
    atomic_store(&slabs[slot].memory, memory);
    return memory;
}

static unsigned arena_of(void *block)
{
    void *slab = (void *)((uintptr_t)block & ~(uintptr_t)(CZ__SLAB_BYTES - 1));
    unsigned found = CZ_NO_ARENA;
    for (unsigned i = 0; i < atomic_load(&slabs_made); i++)
        if (atomic_load(&slabs[i].memory) == slab)
            found = slabs[i].arena; /* the last one: addresses come again */
    return found;
}

#endif
