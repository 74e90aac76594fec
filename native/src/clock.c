#include "clock.h"

#include "lane.h"
#include "os.h"

enum { TICK_NS = 1000000, DOZE_AFTER = 10 /* ticks with nothing to look after */ };

static uint64_t entries_taken(struct cz_lane *lane)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < CZ_LEVELS; i++)
        sum += cz__load_relaxed(&lane->queues[i].head);
    return sum;
}

/* Whether entries wait while workers sleep. */
static bool look(struct cz__clock *clock, unsigned index)
{
    struct cz_lane *lane = clock->lanes[index];
    uint64_t taken = entries_taken(lane);
    bool moved = taken != clock->taken[index];
    clock->taken[index] = taken;
    if (cz__lane_empty(lane, CZ_LEVELS) || cz__sleepers(cz__sleep_counts(&lane->sleep)) == 0)
        return false;
    if (!moved)
        cz__sleep_wake_one(&lane->sleep);
    return true;
}

static bool look_all(struct cz__clock *clock)
{
    bool needed = false;
    for (unsigned i = 0; i < CZ__CLOCK_LANES; i++)
        needed |= look(clock, i);
    return needed;
}

static void doze(struct cz__clock *clock)
{
    cz__store_seqcst(&clock->dozing, 1);
    /* Announce, then look again: pairs with the push, which moves the tail and then
     * looks at dozing. */
    if (look_all(clock) || cz__load_seqcst(&clock->stopping))
        cz__store_seqcst(&clock->dozing, 0);
    while (cz__load_acquire(&clock->dozing))
        cz__futex_wait(&clock->dozing, 1, -1);
}

static void *clock_main(void *argument)
{
    struct cz__clock *clock = argument;
    int quiet = 0;
    while (!cz__load_acquire(&clock->stopping)) {
        quiet = look_all(clock) ? 0 : quiet + 1;
        if (quiet > DOZE_AFTER) {
            doze(clock);
            quiet = 0; /* a doze after each single push would cost a wake-up per push */
        } else {
            cz__futex_wait(&clock->stopping, 0, TICK_NS);
        }
    }
    return NULL;
}

int cz__clock_start(struct cz__clock *clock, struct cz_lane *first, struct cz_lane *second)
{
    clock->lanes[0] = first;
    clock->lanes[1] = second;
    return cz__thread_start(&clock->thread, clock_main, clock, "cz-clock", 256 * 1024);
}

void cz__clock_wake(struct cz__clock *clock)
{
    if (cz__swap_acqrel(&clock->dozing, 0))
        cz__futex_wake(&clock->dozing, 1);
}

void cz__clock_stop(struct cz__clock *clock)
{
    cz__store_seqcst(&clock->stopping, 1);
    cz__futex_wake(&clock->stopping, 1);
    cz__clock_wake(clock);
    pthread_join(clock->thread, NULL);
}
