#include "arena.h"

#include <pthread.h>
#include <string.h>

#include "atomic.h"

/* jemalloc's own names: present when it was preloaded. */
extern int mallctl(const char *, void *, size_t *, void *, size_t)
    __attribute__((weak, visibility("default")));
extern int mallctlnametomib(const char *, size_t *, size_t *)
    __attribute__((weak, visibility("default")));
extern int mallctlbymib(const size_t *, size_t, void *, size_t *, void *, size_t)
    __attribute__((weak, visibility("default")));
extern void *mallocx(size_t, int) __attribute__((weak, visibility("default")));

/* The flags of mallocx. */
#define WITHOUT_CACHE (1 << 8)
#define IN_ARENA(arena) ((int)(((uint32_t)(arena) + 1) << 20))

enum {
    MOST = 4095, /* arenas that jemalloc can number */
    /* So many are kept for the sake of empty ones, before one is used that is not. */
    KEPT = 8,
    WORD = 64,
};

struct control {
    size_t mib[4];
    size_t length; /* 0: this jemalloc does not have it */
};

/* constant after setup */
static bool usable;
static struct control thread_arena, flush, small, large;

/* Bit i: arena i was given back. */
static _Atomic(uint64_t) kept[(MOST + WORD) / WORD];

static void find(struct control *control, const char *name)
{
    control->length = sizeof control->mib / sizeof control->mib[0];
    if (mallctlnametomib(name, control->mib, &control->length))
        control->length = 0;
}

/* With arenas per processor a thread cannot be sent back to where it was. */
static bool per_processor(void)
{
    const char *mode = NULL;
    size_t size = sizeof mode;
    return mallctl("opt.percpu_arena", &mode, &size, NULL, 0) == 0 && strcmp(mode, "disabled") != 0;
}

static void set_up(void)
{
    if (!mallctl || !mallctlnametomib || !mallctlbymib || !mallocx || per_processor())
        return;
    find(&thread_arena, "thread.arena");
    find(&flush, "thread.tcache.flush");
    find(&small, "stats.arenas.0.small.allocated");
    find(&large, "stats.arenas.0.large.allocated");
    usable = thread_arena.length && flush.length;
}

static bool ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_up);
    return usable;
}

bool cz__arena_is_there(void)
{
    return mallctl && mallocx;
}

static uint64_t read_of(const struct control *control, uint32_t arena)
{
    struct control of = *control;
    size_t value = 0, size = sizeof value;
    of.mib[2] = arena;
    if (of.length == 0 || mallctlbymib(of.mib, of.length, &value, &size, NULL, 0))
        return 0;
    return value;
}

static bool take_kept(uint32_t arena)
{
    uint64_t bit = (uint64_t)1 << arena % WORD;
    return cz__and_acqrel(&kept[arena / WORD], ~bit) & bit;
}

static bool is_kept(uint32_t arena)
{
    return cz__load_relaxed(&kept[arena / WORD]) >> arena % WORD & 1;
}

/* One that was given back: an empty one, or of many the least full. */
static uint32_t reuse(void)
{
    uint32_t best = CZ__NO_ARENA, count = 0;
    uint64_t least = UINT64_MAX, epoch = 1;
    for (uint32_t arena = 0; arena < MOST; arena++) {
        uint64_t allocated;
        if (!is_kept(arena))
            continue;
        if (count++ == 0) /* the figures are of the last such call */
            mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
        allocated = read_of(&small, arena) + read_of(&large, arena);
        if (allocated < least) {
            least = allocated;
            best = arena;
        }
    }
    if (best == CZ__NO_ARENA || (least > 0 && count < KEPT) || !take_kept(best))
        return CZ__NO_ARENA;
    return best;
}

uint32_t cz__arena_take(void)
{
    unsigned arena;
    size_t size = sizeof arena;
    if (!ready())
        return CZ__NO_ARENA;
    arena = reuse();
    if (arena != CZ__NO_ARENA)
        return arena;
    if (mallctl("arenas.create", &arena, &size, NULL, 0))
        return CZ__NO_ARENA;
    return arena < MOST ? arena : CZ__NO_ARENA;
}

static void purge(uint32_t arena)
{
    struct control of;
    find(&of, "arena.0.purge");
    of.mib[1] = arena;
    if (of.length)
        mallctlbymib(of.mib, of.length, NULL, NULL, NULL, 0);
}

void cz__arena_give_back(uint32_t arena)
{
    if (arena == CZ__NO_ARENA)
        return;
    purge(arena);
    cz__or_acqrel(&kept[arena / WORD], (uint64_t)1 << arena % WORD);
}

void *cz__arena_allocate(uint32_t arena, size_t alignment, size_t bytes)
{
    return mallocx(bytes, __builtin_ctzll(alignment) | WITHOUT_CACHE | IN_ARENA(arena));
}

uint32_t cz__arena_enter(uint32_t arena)
{
    unsigned before = arena, next = arena;
    size_t size = sizeof before;
    mallctlbymib(flush.mib, flush.length, NULL, NULL, NULL, 0);
    mallctlbymib(thread_arena.mib, thread_arena.length, &before, &size, &next, sizeof next);
    return before;
}

bool cz__arena_counters(const uint64_t **allocated, const uint64_t **freed)
{
    size_t size = sizeof *allocated;
    return mallctl && mallctl("thread.allocatedp", (void *)allocated, &size, NULL, 0) == 0 &&
           mallctl("thread.deallocatedp", (void *)freed, &size, NULL, 0) == 0;
}
