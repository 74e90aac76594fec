#include "clock.h"

#include "delay.h"
#include "lane.h"
#include "limit.h"
#include "os.h"
#include "pool.h"
#include "spare.h"
#include "timer.h"

enum { TICK_NS = 1000000, DOZE_AFTER = 10 /* ticks with nothing to look after */ };

static uint64_t entries_taken(struct cz_lane *lane)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < CZ_LEVELS; i++)
        sum += cz__load_relaxed(&lane->queues[i].head);
    return sum;
}

/* Whether entries wait while workers sleep, or inside tasks that may be long. */
static bool look(struct cz__clock *clock, unsigned index)
{
    struct cz_lane *lane = clock->lanes[index];
    bool waited_for = lane->relief.on && cz__relief_look(lane, cz__ticks());
    uint64_t taken = entries_taken(lane);
    bool moved = taken != clock->taken[index];
    clock->taken[index] = taken;
    if (cz__lane_empty(lane, CZ_LEVELS)) {
        cz__scale_rest(lane);
        return false;
    }
    if (cz__sleepers(cz__sleep_counts(&lane->sleep)) == 0) {
        bool scalable = cz__load_relaxed(&lane->scale.on);
        if (scalable)
            cz__scale_look(lane);
        return scalable || waited_for;
    }
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

/* The sooner of two limits, each in ns or -1. */
static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static void sleep_until_rung(struct cz__clock *clock, uint32_t seen, uint64_t timer_ticks,
                             bool dozing)
{
    int64_t limit = cz__spare_look(cz__ticks());
    if (timer_ticks != UINT64_MAX)
        limit = sooner(limit, (int64_t)cz__ns_of_ticks(timer_ticks));
    limit = sooner(limit, cz__stats_patience_ns(clock->pool->stats, clock->patient_after));
    if (!dozing)
        limit = sooner(limit, TICK_NS);
    cz__futex_wait(&clock->bell.rings, seen, limit);
}

/* True: nothing has to be looked after, and a push that changes that will ring. */
static bool start_dozing(struct cz__clock *clock)
{
    clock->patient_after = UINT32_MAX;
    cz__store_seqcst(&clock->bell.dozing, CZ__DOZING);
    /* Announce, then look again: pairs with the push, which moves the tail and then
     * looks at dozing. */
    if (!look_all(clock))
        return true;
    cz__store_seqcst(&clock->bell.dozing, CZ__AWAKE);
    return false;
}

/* The pool is idle: let workers that wake ring. One that woke just before this does not,
 * hence another sample before the sleep without limit. */
static void doze_deeper(struct cz__clock *clock)
{
    uint32_t dozing = CZ__DOZING, quiet = cz__stats_quiet(clock->pool->stats);
    if (quiet && cz__cas_seqcst(&clock->bell.dozing, &dozing, CZ__DOZING_DEEPLY))
        clock->patient_after = quiet + 1;
}

/* Do what is due. Ticks until the next timer, or UINT64_MAX. */
static uint64_t fire_timers(struct cz_pool *pool, uint64_t now)
{
    struct cz__extras *extras = &pool->extras;
    struct cz__extra *extra;
    uint64_t wait = UINT64_MAX;
    pthread_mutex_lock(&extras->lock);
    while ((extra = cz__timer_first(extras))) {
        if (extra->timer.due > now) {
            wait = extra->timer.due - now;
            break;
        }
        if (extra->purpose == CZ__TIMER_ENQUEUE)
            cz__delay_over(extras, extra, now);
        else
            cz__limit_due(pool, extra, now);
    }
    pthread_mutex_unlock(&extras->lock);
    return wait;
}

static void *clock_main(void *argument)
{
    struct cz__clock *clock = argument;
    int quiet = 0;
    cz__thread_start_soon();
    for (;;) {
        /* Before looking at anything: a ring after this ends the sleep below at once. */
        uint32_t seen = cz__load_seqcst(&clock->bell.rings);
        uint64_t timer_ticks;
        bool dozing = false;
        if (cz__load_seqcst(&clock->stopping))
            return NULL;
        timer_ticks = fire_timers(clock->pool, cz__ticks());
        cz__stats_sample(clock->pool->stats);
        if (cz__load_relaxed(&clock->bell.dozing)) {
            dozing = true; /* awake for a timer or a sample only */
            doze_deeper(clock);
        } else {
            quiet = look_all(clock) ? 0 : quiet + 1;
            if (quiet > DOZE_AFTER) {
                dozing = start_dozing(clock);
                quiet = 0; /* a doze after each single push would cost a wake-up per push */
            }
        }
        sleep_until_rung(clock, seen, timer_ticks, dozing);
    }
}

int cz__clock_start(struct cz_pool *pool)
{
    struct cz__clock *clock = &pool->clock;
    int result;
    clock->pool = pool;
    clock->lanes[0] = &pool->native;
    clock->lanes[1] = &pool->python;
    cz__spare_begin(&clock->bell);
    result = cz__thread_start(&clock->thread, clock_main, clock, "cz-clock", 256 * 1024);
    if (result)
        cz__spare_end(&clock->bell);
    return result;
}

void cz__clock_stop(struct cz__clock *clock)
{
    cz__store_seqcst(&clock->stopping, 1);
    cz__bell_ring(&clock->bell);
    pthread_join(clock->thread, NULL);
    cz__spare_end(&clock->bell);
}
