#include "spare.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "catzilla_jit.h"
#include "os.h"

/* Memory that is kept is nobody's. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define FORBID(block) ASAN_POISON_MEMORY_REGION(block, head_of(block)->room)
#define ALLOW(block) ASAN_UNPOISON_MEMORY_REGION(block, head_of(block)->room)
#else
#define FORBID(block) ((void)0)
#define ALLOW(block) ((void)0)
#endif

enum {
    MOST_CLOCKS = 64,
    LINE = 64, /* what arrays are aligned to */
    PAD = 2 * LINE,
};

/* What lies right before a block. */
struct head {
    void *raw;      /* what malloc gave */
    size_t room;    /* bytes of the block */
    uint64_t since; /* when it was let go of */
};

struct slot {
    _Atomic(char *) block; /* NULL: empty */
    _Atomic(size_t) room;  /* of the last block that was put here: a hint */
};

/* Numba's way to be given an allocator (its nrt_external.h), and what of its table is used. */
struct allocator {
    void *(*malloc)(size_t bytes, void *data);
    void *(*realloc)(void *memory, size_t bytes, void *data);
    void (*free)(void *memory, void *data);
    void *data;
};

struct interface {
    void *(*allocate)(size_t bytes);
    void *(*allocate_external)(size_t bytes, struct allocator *allocator);
    void *(*manage_memory)(void *data, void *destructor);
    void (*acquire)(void *info);
    void (*release)(void *info);
    void *(*get_data)(void *info);
};

static void keep(char *block);

static struct slot slots[CZ__SPARE_SLOTS];
static _Atomic(uint64_t) held;    /* bytes in the slots, or on their way into one */
static _Atomic(uint32_t) watched; /* a clock has been rung for what is held */
static _Atomic(uint64_t) looked;  /* when a clock has looked last */

/* Of these two the first is taken first; a fork waits for both. */
static pthread_mutex_t set_up_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cz__bell *bells[MOST_CLOCKS]; /* under the lock */
static _Atomic(uint32_t) clocks;

/* constant after cz_array_memory */
static const struct interface *numba;
static void *(*plain)(size_t bytes, unsigned alignment);
static size_t offset; /* from a block to the data in it */
static bool usable;

/* --- the slots --------------------------------------------------------------------------- */

static struct head *head_of(char *block)
{
    return (struct head *)(void *)(block - sizeof(struct head));
}

static void free_block(char *block)
{
    ALLOW(block);
    free(head_of(block)->raw);
}

/* False: there is no room for it. */
static bool put(char *block)
{
    size_t room = head_of(block)->room;
    FORBID(block);
    if (cz__add_seqcst(&held, room) + room <= CZ__SPARE_MOST)
        for (unsigned i = 0; i < CZ__SPARE_SLOTS; i++) {
            char *empty = NULL;
            if (cz__load_relaxed(&slots[i].block) == NULL &&
                cz__cas_acqrel(&slots[i].block, &empty, block)) {
                cz__store_relaxed(&slots[i].room, room);
                return true;
            }
        }
    cz__sub_seqcst(&held, room);
    return false;
}

static char *take_from(struct slot *slot)
{
    char *block = cz__load_relaxed(&slot->block) ? cz__swap_acqrel(&slot->block, NULL) : NULL;
    if (block)
        cz__sub_seqcst(&held, head_of(block)->room);
    return block;
}

static bool fits(size_t room, size_t bytes)
{
    return room >= bytes && room - bytes <= bytes / 4;
}

/* A block of so many bytes or a few more, or NULL. */
static char *take(size_t bytes)
{
    for (unsigned i = 0; i < CZ__SPARE_SLOTS && cz__load_relaxed(&held); i++) {
        char *block;
        if (!fits(cz__load_relaxed(&slots[i].room), bytes) || !(block = take_from(&slots[i])))
            continue;
        if (fits(head_of(block)->room, bytes)) {
            ALLOW(block);
            return block;
        }
        keep(block);
    }
    return NULL;
}

static void free_all(void)
{
    for (unsigned i = 0; i < CZ__SPARE_SLOTS; i++) {
        char *block = take_from(&slots[i]);
        if (block)
            free_block(block);
    }
}

/* --- the clocks -------------------------------------------------------------------------- */

static void before_fork(void)
{
    pthread_mutex_lock(&set_up_lock);
    pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&lock);
    pthread_mutex_unlock(&set_up_lock);
}

/* The clocks are threads of the parent, and so is who was at a slot. */
static void after_fork_in_child(void)
{
    memset(bells, 0, sizeof bells);
    cz__store_seqcst(&clocks, 0);
    free_all();
    cz__store_seqcst(&held, 0);
    cz__store_seqcst(&watched, 0);
    after_fork();
}

/* Before there is anything to lock: a fork may come at any time. */
__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

void cz__spare_begin(struct cz__bell *bell)
{
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < MOST_CLOCKS; i++)
        if (bells[i] == NULL) {
            bells[i] = bell;
            cz__add_seqcst(&clocks, 1);
            break;
        }
    pthread_mutex_unlock(&lock);
}

/* Wake one clock that is left. */
static void ring(void)
{
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < MOST_CLOCKS; i++)
        if (bells[i]) {
            cz__bell_ring(bells[i]);
            break;
        }
    pthread_mutex_unlock(&lock);
}

void cz__spare_end(struct cz__bell *bell)
{
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < MOST_CLOCKS; i++)
        if (bells[i] == bell) {
            bells[i] = NULL;
            cz__sub_seqcst(&clocks, 1);
        }
    pthread_mutex_unlock(&lock);
    if (cz__load_seqcst(&clocks) == 0)
        free_all();
    else if (cz__load_seqcst(&watched))
        ring(); /* the one that was rung may have been this one */
}

int64_t cz__spare_look(uint64_t now)
{
    uint64_t age, before = cz__load_relaxed(&looked);
    if (!cz__load_seqcst(&watched))
        return -1;
    age = cz__ticks_of_ns(CZ__SPARE_AGE_NS);
    if ((int64_t)(now - before) < (int64_t)(age / 4) || !cz__cas_acqrel(&looked, &before, now))
        return CZ__SPARE_AGE_NS / 4;
    for (unsigned i = 0; i < CZ__SPARE_SLOTS; i++) {
        char *block = take_from(&slots[i]);
        if (block == NULL)
            continue;
        if ((int64_t)(now - head_of(block)->since) > (int64_t)age)
            free_block(block);
        else
            keep(block);
    }
    if (cz__load_seqcst(&held) == 0) {
        cz__store_seqcst(&watched, 0);
        if (cz__load_seqcst(&held) == 0)
            return -1;
        cz__store_seqcst(&watched, 1); /* somebody who put one has seen it as watched */
    }
    return CZ__SPARE_AGE_NS / 4;
}

/* --- Numba's allocator ------------------------------------------------------------------- */

static void *array_malloc(size_t bytes, void *data)
{
    char *raw, *block = take(bytes);
    (void)data;
    if (block || bytes > SIZE_MAX - PAD)
        return block;
    if ((raw = malloc(bytes + PAD)) == NULL) {
        free_all();
        if ((raw = malloc(bytes + PAD)) == NULL)
            return NULL;
    }
    block = raw + sizeof(struct head);
    block += (LINE - ((uintptr_t)block + offset) % LINE) % LINE;
    *head_of(block) = (struct head){raw, (size_t)(raw + bytes + PAD - block), 0};
    return block;
}

/* Keep a block, if somebody will look at it; else free it. */
static void keep(char *block)
{
    uint32_t unwatched = 0;
    if (cz__load_relaxed(&clocks) == 0 || !put(block)) {
        free_block(block);
        return;
    }
    if (!cz__load_seqcst(&watched) && cz__cas_seqcst(&watched, &unwatched, 1))
        ring();
    if (cz__load_seqcst(&clocks) == 0)
        free_all(); /* the last clock has ended since */
}

static void array_free(void *memory, void *data)
{
    (void)data;
    head_of(memory)->since = cz__ticks();
    keep(memory);
}

/* Numba asks arrays for no other length. */
static void *array_realloc(void *memory, size_t bytes, void *data)
{
    void *larger = array_malloc(bytes, data);
    if (larger && memory) {
        size_t room = head_of(memory)->room;
        memcpy(larger, memory, room < bytes ? room : bytes);
        array_free(memory, data);
    }
    return larger;
}

static struct allocator allocator = {array_malloc, array_realloc, array_free, NULL};

/* Where the data of a block begins, as this Numba has it. */
static bool find_offset(void)
{
    char *info = numba->allocate_external(CZ__SPARE_SMALLEST, &allocator);
    size_t found;
    if (info == NULL)
        return false;
    found = (size_t)((char *)numba->get_data(info) - info);
    numba->release(info);
    free_all(); /* it begins where arrays do not */
    offset = found;
    return found < LINE * 2;
}

int cz_array_memory(void *interface, void *alloc_aligned)
{
    pthread_mutex_lock(&set_up_lock);
    if (plain == NULL) {
        plain = (void *(*)(size_t, unsigned))(uintptr_t)alloc_aligned;
        numba = interface;
        usable = !cz__arena_is_there() && find_offset();
    }
    pthread_mutex_unlock(&set_up_lock);
    return usable;
}

void *cz_array_new(size_t bytes, uint32_t alignment)
{
    if (bytes < CZ__SPARE_SMALLEST || !usable || alignment > LINE || !cz__load_relaxed(&clocks))
        return plain(bytes, alignment);
    return numba->allocate_external(bytes, &allocator);
}

uint64_t cz_array_spare(void)
{
    return cz__load_relaxed(&held);
}
