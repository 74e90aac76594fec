#define _GNU_SOURCE
#include "stop.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "ending.h"
#include "os.h"
#include "pool.h"

/* As many mappings as Linux allows a process unless told otherwise (vm.max_map_count). Numba maps
 * the code of every function apart, so hundreds of tasks have thousands of ranges. */
enum {
    MOST_RANGES = 65536,
    RANGES_FRESH_NS = 200000000, /* read again after this; sooner if a handler found no range */
    RANGES_REST = 20             /* between two readings lies this many times what one takes */
};

struct range {
    uintptr_t start, end;
};

/* Where a task may be left: executable memory that belongs to no file, and libm; by rising
 * addresses. Written by the stopper under ranges_lock, while it is not the current one and no
 * handler reads it (native/README.md, "Extras"). */
struct range_set {
    struct range range[MOST_RANGES];
    unsigned count;
    _Atomic(unsigned) readers;
};

static pthread_mutex_t ranges_lock = PTHREAD_MUTEX_INITIALIZER;
static struct range_set sets[2];
static _Atomic(unsigned) current_set;
static _Atomic(int) out_of_ranges; /* a handler found its instruction in no range */
static int64_t ranges_at, ranges_took;
static int stop_signal; /* constant after setup; 0: none was free */

static _Thread_local struct cz__thread *this_worker;

/* The current set, which stays as it is until let_go. */
static struct range_set *take_ranges(void)
{
    for (;;) {
        unsigned current = cz__load_seqcst(&current_set);
        cz__add_seqcst(&sets[current].readers, 1);
        if (cz__load_seqcst(&current_set) == current)
            return &sets[current];
        cz__sub_seqcst(&sets[current].readers, 1);
    }
}

static void let_go(struct range_set *set)
{
    cz__sub_seqcst(&set->readers, 1);
}

static int may_leave(uintptr_t address)
{
    struct range_set *set = take_ranges();
    unsigned low = 0, high = set->count; /* the first range that ends behind it lies in between */
    int within;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (set->range[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    within = low < set->count && address >= set->range[low].start;
    let_go(set);
    if (!within)
        cz__store_relaxed(&out_of_ranges, 1);
    return within;
}

static uintptr_t interrupted_at(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t)context->uc_mcontext.pc;
#else
    (void)context;
    return 0;
#endif
}

/* The worker's run keeps the record it is inside of. */
static int is_meant(struct cz__thread *thread, const struct cz_record *inside)
{
    if (cz__load_acquire(&thread->target) == inside)
        return 1;
    return cz__load_acquire(&thread->pool->stops_all) && inside->type->interruptible;
}

/* On the worker. Touches nothing but its own thread's fields and the range set. */
static void handle_stop(int number, siginfo_t *info, void *context)
{
    struct cz__thread *thread = this_worker;
    struct cz_record *inside;
    (void)number;
    (void)info;
    if (thread == NULL)
        return;
    inside = cz__load_relaxed(&thread->inside);
    if (inside == NULL || !is_meant(thread, inside) || !may_leave(interrupted_at(context)))
        return;
    cz__store_relaxed(&thread->inside, NULL);
    siglongjmp(thread->landing, 1);
}

/* Neither a handler that reads nor a stopper that writes went along with the fork. */
static void after_fork_in_child(void)
{
    pthread_mutex_init(&ranges_lock, NULL);
    for (int i = 0; i < 2; i++)
        cz__store_seqcst(&sets[i].readers, 0);
}

/* Before there is anything to lock: a fork may come at any time. */
__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, after_fork_in_child);
}

static void take_signal(void)
{
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handle_stop;
    /* Blocked while the handler runs, since these signals queue: a worker that had to wait
     * for its processor gets many at once, and nested they would overflow its stack. */
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (int number = SIGRTMAX - 1; number > SIGRTMIN; number--) {
        if (sigaction(number, NULL, &before) || before.sa_handler != SIG_DFL)
            continue; /* somebody else's */
        if (sigaction(number, &action, NULL) == 0) {
            stop_signal = number;
            return;
        }
    }
}

void cz__stop_setup(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, take_signal);
    cz__stop_possible(); /* opens what stopping will need while there are descriptors */
}

bool cz__stop_possible(void)
{
    bool open;
    if (stop_signal == 0)
        return false;
    pthread_mutex_lock(&ranges_lock);
    open = cz__maps_open();
    pthread_mutex_unlock(&ranges_lock);
    return open;
}

const void *cz_record_here(void)
{
    const struct cz_record *record = cz__record_inside();
    if (record == NULL && this_worker)
        record = cz__load_relaxed(&this_worker->inside);
    return record && record->type->batch ? NULL : record;
}

void cz__stop_adopt(struct cz__thread *thread)
{
    sigset_t set;
    this_worker = thread;
    if (stop_signal == 0)
        return;
    sigemptyset(&set);
    sigaddset(&set, stop_signal);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static int is_libm(const char *path)
{
    const char *name = strrchr(path, '/');
    return name && strncmp(name, "/libm.so", 8) == 0;
}

static void read_line(void *context, const char *line)
{
    struct range_set *set = context;
    unsigned long start, end;
    char flags[8] = "", path[256] = "";
    if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &start, &end, flags, path) < 3)
        return;
    if (flags[2] == 'x' && (path[0] == 0 || is_libm(path)) && set->count < MOST_RANGES)
        set->range[set->count++] = (struct range){start, end};
}

static void read_ranges(void)
{
    unsigned spare = !cz__load_relaxed(&current_set);
    int64_t begun = cz__monotonic_ns();
    if (cz__load_seqcst(&sets[spare].readers))
        return; /* the caller comes again */
    cz__store_relaxed(&out_of_ranges, 0);
    sets[spare].count = 0;
    if (!cz__maps_read(read_line, &sets[spare]))
        return;
    cz__store_seqcst(&current_set, spare);
    ranges_at = cz__monotonic_ns();
    ranges_took = ranges_at - begun;
}

/* Code that was loaded since lies in no range; so does an instruction of a library, which is
 * left soon. Both have the ranges read again, but not all the time. */
static void refresh_ranges(void)
{
    int64_t age;
    pthread_mutex_lock(&ranges_lock);
    age = cz__monotonic_ns() - ranges_at;
    if (ranges_at == 0 || age > RANGES_FRESH_NS ||
        (cz__load_relaxed(&out_of_ranges) && age > RANGES_REST * ranges_took))
        read_ranges();
    pthread_mutex_unlock(&ranges_lock);
}

void cz__stop_try(struct cz_pool *pool, struct cz_record *record)
{
    if (stop_signal == 0)
        return;
    refresh_ranges();
    for (uint32_t i = 0; i < pool->threads_most; i++) {
        struct cz__thread *thread = &pool->threads[i];
        if (cz__load_acquire(&thread->inside) != record)
            continue;
        cz__store_release(&thread->target, record);
        pthread_kill(thread->thread, stop_signal);
    }
}

uint32_t cz__stop_all(struct cz_pool *pool)
{
    uint32_t inside = 0;
    cz__store_release(&pool->stops_all, 1);
    if (stop_signal)
        refresh_ranges();
    for (uint32_t i = 0; i < pool->started; i++) {
        if (cz__load_acquire(&pool->threads[i].inside) == NULL)
            continue;
        inside++;
        if (stop_signal)
            pthread_kill(pool->threads[i].thread, stop_signal);
    }
    return inside;
}

void cz__stop_forget(struct cz_pool *pool, struct cz_record *record)
{
    for (uint32_t i = 0; i < pool->threads_most; i++)
        if (cz__load_acquire(&pool->threads[i].target) == record)
            cz__store_release(&pool->threads[i].target, NULL);
}
