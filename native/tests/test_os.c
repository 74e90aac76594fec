/* Ticks and the monotonic clock agree. */
#include "check.h"

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

int main(void)
{
    cz__ticks_setup();
    RUN(test_ticks_give_the_time_of_the_monotonic_clock);
    RUN(test_durations_convert_both_ways);
    RUN(test_the_rate_of_ticks_is_that_of_time);
    return 0;
}
