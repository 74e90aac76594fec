#include "relief.h"

#include "bell.h"
#include "lane.h"
#include "os.h"
#include "pool.h"
#include "worker.h"

/* Half of what a task of each level is to wait at most, from its submission to its start. */
static const int64_t patience_ns[CZ_LEVELS] = {500000, 5000000, 50000000, 500000000};

static uint64_t patience(unsigned level)
{
    return cz__ticks_of_ns(patience_ns[level]);
}

/* The least urgent worker that may help a level at all is its own; the native CRITICAL level has
 * none. */
static unsigned helper_of(const struct cz_lane *lane, unsigned level)
{
    return level == CZ_CRITICAL && lane == &lane->pool->native ? CZ_CRITICAL + 1 : level;
}

static void call_for(struct cz_lane *lane, unsigned level)
{
    struct cz__relief *relief = &lane->relief;
    unsigned helper = helper_of(lane, level);
    if (cz__load_acquire(&relief->present) & 1u << helper) {
        cz__sleep_wake_one(&relief->sleep[helper]);
        return;
    }
    cz__or_acqrel(&relief->wanted, 1u << helper);
    cz_mail_ring(lane->pool);
}

static bool is_due(struct cz_lane *lane, unsigned level, uint64_t now)
{
    struct cz__waiting *waiting = &lane->relief.level[level];
    uint64_t head = cz__load_relaxed(&lane->queues[level].head);
    if (cz__queue_depth(&lane->queues[level]) == 0) {
        waiting->since = 0;
        return false;
    }
    if (waiting->since == 0 || head != waiting->head) {
        waiting->head = head;
        waiting->since = now;
    }
    return now - waiting->since >= patience(level);
}

bool cz__relief_look(struct cz_lane *lane, uint64_t now)
{
    bool queued = false;
    for (unsigned i = 0; i < CZ_LEVELS; i++) {
        if (is_due(lane, i, now)) /* also if somebody is on the look-out, who has not come */
            call_for(lane, i);
        queued |= lane->relief.level[i].since != 0;
    }
    return queued;
}

bool cz__relief_goes_on(const struct cz_lane *lane, unsigned level, uint64_t ticks)
{
    return ticks < patience(level) && cz__sleep_counts((struct cz__sleep *)&lane->sleep) == 0;
}

int cz_lane_wants_relief(struct cz_lane *lane)
{
    if (cz__load_relaxed(&lane->relief.wanted) == 0)
        return 0;
    return (int)cz__swap_acqrel(&lane->relief.wanted, 0);
}

void cz__relief_serve(struct cz__thread *thread)
{
    struct cz__worker *worker = &thread->worker;
    unsigned level = worker->levels - 1;
    struct cz_record *record;
    uint64_t start;
    if (worker->meter == NULL) {
        /* With its first task: those that never help are not shown. */
        worker->meter = cz__meter_take(thread->pool->stats, CZ__METER_RELIEF, level);
        cz__meter_here(worker->meter);
    }
    do {
        start = cz__ticks();
        record = cz__lane_pick(worker->lane, worker->levels);
        if (record)
            cz__worker_serve(thread, record);
    } while (record && cz__relief_goes_on(worker->lane, level, cz__ticks() - start));
}

/* False: the lane is finished. */
bool cz__relief_park(struct cz__thread *thread)
{
    cz__sleep_prepare(thread->sleep);
    if (cz__lane_finished(thread->worker.lane)) {
        cz__sleep_cancel(thread->sleep);
        return false;
    }
    cz__sleep_wait(thread->sleep, -1);
    cz__bell_stir(thread->worker.lane->bell);
    return true;
}
