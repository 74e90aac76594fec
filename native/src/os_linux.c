/* os_linux.c: futexes, threads and the clock on Linux.
 *
 * Ticks are the time stamp counter when the kernel itself uses it as its clock (then
 * it is constant, and equal on all processors); otherwise CLOCK_MONOTONIC nanoseconds.
 * A read of the counter costs a third of clock_gettime, and there are three per task.
 */
#define _GNU_SOURCE
#include "os.h"

#include <errno.h>
#include <sched.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "catzilla_jit.h"

int cz__futex_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns)
{
    struct timespec limit, *timeout = NULL;
    if (timeout_ns >= 0) {
        limit.tv_sec = timeout_ns / 1000000000;
        limit.tv_nsec = timeout_ns % 1000000000;
        timeout = &limit;
    }
    if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout, NULL, 0) == 0)
        return 0;
    if (errno == ETIMEDOUT)
        return CZ_ETIMEDOUT;
    return errno == EINTR ? CZ_EINTR : 0;
}

void cz__futex_wake(_Atomic(uint32_t) *word, int count)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

int cz__thread_start(pthread_t *thread, void *(*main)(void *), void *argument, const char *name,
                     uint64_t stack_bytes)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    sigset_t all, before;
    pthread_attr_t attributes;
    int failed;

    if (pthread_attr_init(&attributes))
        return CZ_ETHREAD;
    /* A thread inherits the mask of its maker: block first, so that no handler of the
     * host program ever runs on a worker. */
    sigfillset(&all);
    /* But what a fault in a task raises there: faulthandler is to report it. */
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_attr_setstacksize(&attributes, stack_bytes) ||
             pthread_create(thread, &attributes, main, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failed)
        return CZ_ETHREAD;
    pthread_setname_np(*thread, name);
    return 0;
}

void cz__thread_start_soon(void)
{
    /* struct sched_attr, first version; the C library has no declaration of it. */
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {.size = 48};
    if (syscall(SYS_sched_getattr, 0, &attributes, 48, 0))
        return;
    if (attributes.policy == SCHED_OTHER) {
        /* Since Linux 6.12 `runtime` is the slice of an ordinary thread, 0.1 ms at the least.
         * A woken thread preempts one whose slice ends later; with equal slices of some
         * milliseconds it waits for the end of the running one instead. Needs no privilege;
         * an older kernel takes the call and ignores the value. */
        attributes.runtime = 100000;
    } else if (attributes.policy == SCHED_FIFO || attributes.policy == SCHED_RR) {
        /* Among equals a woken thread waits until the running one sleeps, which one that is to
         * be stopped may never do. */
        attributes.priority++;
    } else {
        return;
    }
    syscall(SYS_sched_setattr, 0, &attributes, 0);
}

void cz__give_way(uint32_t *turns)
{
    enum { YIELDS = 64, REST_NS = 200000 };
    if ((*turns)++ < YIELDS)
        sched_yield();
    else
        nanosleep(&(struct timespec){.tv_nsec = REST_NS}, NULL);
}

int64_t cz__monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* constant after cz__ticks_setup */
static int counter_is_clock;
static uint64_t base_ticks;
static int64_t base_ns;
static double rough_ticks_per_ns = 1.0;

#if defined(__x86_64__)
static inline uint64_t read_counter(void)
{
    return __builtin_ia32_rdtsc();
}

static int kernel_uses_counter(void)
{
    char name[16] = "";
    FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
    if (file == NULL)
        return 0;
    if (fgets(name, sizeof name, file) == NULL)
        name[0] = 0;
    fclose(file);
    return strcmp(name, "tsc\n") == 0;
}
#else
static inline uint64_t read_counter(void)
{
    return 0;
}

static int kernel_uses_counter(void)
{
    return 0;
}
#endif

uint64_t cz__ticks(void)
{
    return counter_is_clock ? read_counter() : (uint64_t)cz__monotonic_ns();
}

/* Both at one time: of three readings the one that took least, since a thread that loses its
 * processor between the two reads would be off by milliseconds. */
static void read_both(int64_t *ns, uint64_t *ticks)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 3; i++) {
        uint64_t before = cz__ticks();
        int64_t now = cz__monotonic_ns();
        uint64_t took = cz__ticks() - before;
        if (took < least) {
            least = took;
            *ns = now;
            *ticks = counter_is_clock ? before + took / 2 : (uint64_t)now;
        }
    }
}

static double ticks_per_ns(int64_t at_least_ns)
{
    int64_t ns = 0;
    uint64_t ticks = 0;
    if (!counter_is_clock)
        return 1.0;
    do
        read_both(&ns, &ticks);
    while (ns - base_ns < at_least_ns);
    return (double)(ticks - base_ticks) / (double)(ns - base_ns);
}

static void measure_rate(void)
{
    counter_is_clock = kernel_uses_counter();
    read_both(&base_ns, &base_ticks);
    rough_ticks_per_ns = ticks_per_ns(200000);
}

void cz__ticks_setup(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, measure_rate);
}

uint64_t cz__ticks_of_ns(int64_t ns)
{
    const double most = 4e18; /* still a point in time when added to one */
    double ticks = (double)ns * rough_ticks_per_ns;
    return ticks <= 0 ? 0 : (uint64_t)(ticks < most ? ticks : most);
}

uint64_t cz__ns_of_ticks(uint64_t ticks)
{
    return (uint64_t)((double)ticks / rough_ticks_per_ns);
}

int64_t cz_ticks_ns(uint64_t ticks)
{
    cz__ticks_setup();
    /* Measured against the longest baseline there is, so the error shrinks with age. */
    return base_ns + (int64_t)((double)(int64_t)(ticks - base_ticks) / ticks_per_ns(5000000));
}

uint64_t cz__ticks_at(int64_t ns)
{
    return base_ticks + (uint64_t)(int64_t)((double)(ns - base_ns) * ticks_per_ns(5000000));
}

uint64_t cz_ticks(void)
{
    cz__ticks_setup();
    return cz__ticks();
}

void *cz__os_map(uint64_t bytes)
{
    uintptr_t begin, aligned;
    void *memory = mmap(NULL, 2 * bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    begin = (uintptr_t)memory;
    aligned = (begin + bytes - 1) & ~(uintptr_t)(bytes - 1);
    if (aligned > begin)
        munmap(memory, aligned - begin);
    munmap((void *)(aligned + bytes), begin + bytes - aligned);
    return (void *)aligned;
}

void cz__os_unmap(void *memory, uint64_t bytes)
{
    munmap(memory, bytes);
}

void cz__os_empty(void *memory, uint64_t bytes)
{
    madvise(memory, bytes, MADV_DONTNEED);
}
