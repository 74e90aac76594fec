/* Ticks and the monotonic clock agree; the list of mappings is this process's. */
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os.h"

static void test_ticks_give_the_time_of_the_monotonic_clock(void)
{
    for (int i = 0; i < 1000; i++) {
        int64_t before = cz__monotonic_ns(), after, at;
        uint64_t ticks = cz_ticks();
        after = cz__monotonic_ns();
        at = cz_ticks_ns(ticks);
        /* The rate is good to a part in a thousand of the age of the process at first. */
        CHECK(at > before - 100000 && at < after + 100000);
    }
}

static void test_durations_convert_both_ways(void)
{
    for (int64_t ns = 1000; ns < 3600LL * SECOND_NS; ns *= 7) {
        uint64_t back = cz__ns_of_ticks(cz__ticks_of_ns(ns));
        CHECK(back <= (uint64_t)ns + 1 && back >= (uint64_t)ns - ns / 100 - 1);
    }
    CHECK(cz__ticks_of_ns(0) == 0 && cz__ticks_of_ns(-1) == 0);
    CHECK(cz__ticks_of_ns(INT64_MAX) > cz__ticks_of_ns(3600LL * SECOND_NS));
}

static void test_the_rate_of_ticks_is_that_of_time(void)
{
    /* Bracketed, as the thread may lose its processor between any two readings. */
    int64_t outer = cz__monotonic_ns(), inner;
    uint64_t ticks = cz__ticks(), spent;
    inner = cz__monotonic_ns();
    while (cz__monotonic_ns() - inner < 20 * MILLISECOND_NS)
        sched_yield();
    inner = cz__monotonic_ns() - inner;
    spent = cz__ns_of_ticks(cz__ticks() - ticks);
    outer = cz__monotonic_ns() - outer;
    CHECK(spent > (uint64_t)(inner - inner / 50) && spent < (uint64_t)(outer + outer / 50));
}

struct search {
    uintptr_t address;
    bool found;
};

static void look_for_address(void *context, const char *line)
{
    struct search *search = context;
    unsigned long start, end;
    CHECK(sscanf(line, "%lx-%lx", &start, &end) == 2);
    if (start <= search->address && search->address < end)
        search->found = true;
}

/* A mapping that was made just now is in the list. */
static bool list_is_of_this_process(void)
{
    struct search search = {.found = false};
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    search.address = (uintptr_t)page;
    CHECK(cz__maps_read(look_for_address, &search));
    CHECK(munmap(page, 4096) == 0);
    return search.found;
}

static struct rlimit allow_descriptors(rlim_t most)
{
    struct rlimit before, limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    limit = before;
    limit.rlim_cur = most;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    return before;
}

static void test_mappings_are_read_without_a_free_descriptor(void)
{
    struct rlimit before;
    CHECK(cz__maps_open());
    before = allow_descriptors(0);
    CHECK(list_is_of_this_process());
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
}

static void close_all(void)
{
    for (int i = 3; i < 256; i++)
        close(i);
}

static void test_mappings_are_read_again_after_their_descriptor_was_taken(void)
{
    struct rlimit before;
    int other;
    close_all();
    CHECK(cz__maps_open());
    before = allow_descriptors(0);
    close_all();
    CHECK(!cz__maps_open());
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    for (int i = 0; i < 8; i++)
        CHECK(open("/dev/zero", O_RDONLY) >= 0);
    CHECK(list_is_of_this_process());
    other = open("/dev/zero", O_RDONLY);
    for (int i = 3; i < other; i++) /* one of them is the list */
        CHECK(dup2(other, i) == i);
    CHECK(list_is_of_this_process());
    close_all();
}

static void test_child_of_a_fork_reads_its_own_mappings(void)
{
    pid_t child;
    int status;
    CHECK(list_is_of_this_process());
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        allow_descriptors(4); /* what the parent's took is given back */
        _exit(!list_is_of_this_process());
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    cz__ticks_setup();
    RUN(test_ticks_give_the_time_of_the_monotonic_clock);
    RUN(test_durations_convert_both_ways);
    RUN(test_the_rate_of_ticks_is_that_of_time);
    RUN(test_mappings_are_read_without_a_free_descriptor);
    RUN(test_mappings_are_read_again_after_their_descriptor_was_taken);
    RUN(test_child_of_a_fork_reads_its_own_mappings);
    return 0;
}
