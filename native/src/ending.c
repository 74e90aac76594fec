#include "ending.h"

#include <sched.h>

#include "delay.h"
#include "lane.h"
#include "limit.h"
#include "mail.h"
#include "os.h"
#include "pool.h"
#include "stats.h"

/* A waiter polls this long before it sleeps: about what a sleep and a wake-up cost. It
 * yields while it polls, because the worker it waits for may be queued on its processor:
 * a woken thread is often put on that of its waker. */
enum { WAIT_POLL_NS = 15000 };

/* The final phase stands: tell those who wait for it. A sleeper's wake call may touch a block that
 * is already somebody else's: the memory stays mapped or the call fails, and a stray wake-up is
 * what every futex user expects. A watcher holds the handle until it has its mail. */
static void announce(struct cz_record *record, uint32_t before)
{
    if (before & CZ_SLEEPER)
        cz__futex_wake(&record->state, 1 << 30);
    if (before & CZ_WATCHED)
        cz__mail_post(record, CZ_MAIL_ENDED);
}

static int cancel(struct cz_record *record, bool hurry)
{
    const struct cz_type *type = record->type;
    uint32_t state = cz__load_acquire(&record->state);
    while (cz__phase(state) == CZ_PENDING || cz__phase(state) == CZ_RETRYING)
        if (cz__cas_acqrel(&record->state, &state, (state & ~(uint32_t)CZ_PHASE) | CZ_CANCELLED)) {
            if (hurry && state & CZ_EXTRA)
                cz__delay_hurry(record); /* whoever holds it for later may let go now */
            cz_type_count(type, CZ_COUNT_CANCELLED, 1);
            announce(record, state);
            return 1;
        }
    return 0;
}

int cz_record_cancel(struct cz_record *record)
{
    return cancel(record, true);
}

unsigned cz__record_cancel_delayed(struct cz_record *record)
{
    return (unsigned)cancel(record, false);
}

/* What the end of a run counts as; CZ_COUNTS: this is not the call's end, or it was
 * counted when the record was abandoned. */
static enum cz_count end_count(uint32_t state, uint32_t phase, bool may_divert)
{
    if (cz__phase(state) != CZ_RUNNING)
        return CZ_COUNTS;
    if (phase == CZ_COMPLETED)
        return CZ_COUNT_COMPLETED;
    if (phase == CZ_CANCELLED)
        return CZ_COUNT_CANCELLED;
    if (may_divert && state & (CZ_DIVERT | CZ_RERUN))
        return CZ_COUNTS;
    return state & CZ_STOP_TIMEOUT ? CZ_COUNT_TIMED_OUT : CZ_COUNT_FAILED;
}

int cz_record_abandon(struct cz_record *record, uint32_t phase)
{
    const struct cz_type *type = record->type;
    uint32_t state = cz__load_acquire(&record->state);
    while (cz__phase(state) == CZ_RUNNING)
        if (cz__cas_acqrel(&record->state, &state, (state & ~(uint32_t)CZ_PHASE) | phase)) {
            cz_type_count(type, end_count(state, phase, false), 1);
            announce(record, state);
            return 1;
        }
    return 0;
}

/* Before the final phase, so that whoever sees that finds the call counted. A diverted
 * record's run was counted when it ended, only its end is new. */
static enum cz_count count_end(const struct cz_record *record, uint32_t phase, bool may_divert)
{
    uint32_t state = cz__load_relaxed(&record->state);
    enum cz_count end = end_count(state, phase, may_divert);
    if (may_divert)
        cz__stats_ran(record, end);
    else
        cz_type_count(record->type, end, 1);
    return end;
}

/* Another try may follow, also after a close: the lane owes it until the taker of the mail has
 * decided. */
static void divert(struct cz_record *record, uint32_t state)
{
    cz__lane_owe(record->type->lane);
    cz__mail_post(record, state & CZ_RERUN ? CZ_MAIL_RERUN : CZ_MAIL_FAILED);
}

/* The run asks for another way. Nobody will see its outcome, or wants it, if the handle is gone
 * or somebody asked that it be stopped. True: it has CZ_RERUN, and an extra to be posted with. */
static bool mark_rerun(struct cz_record *record)
{
    struct cz__extras *extras = cz__extras_of(record);
    uint32_t state;
    bool marked;
    pthread_mutex_lock(&extras->lock); /* under which the clock says that the time is over */
    state = cz__load_acquire(&record->state);
    marked = state & CZ_HANDLE && !(state & (CZ_STOP_CANCEL | CZ_STOP_TIMEOUT)) &&
             cz__extra_ensure_running(record, CZ_RERUN);
    pthread_mutex_unlock(&extras->lock);
    return marked;
}

/* How a run has ended. One that was to be stopped and asks for another way is cancelled. */
static uint32_t phase_of_run(struct cz_record *record)
{
    const struct cz_type *type = record->type;
    if (record->status == 0)
        return CZ_COMPLETED;
    if (type->rerun && record->status == type->rerun && !mark_rerun(record) &&
        cz__load_acquire(&record->state) & CZ_STOP_CANCEL)
        return CZ_CANCELLED;
    return CZ_FAILED;
}

/* Store the final phase, unless the record was abandoned, and clear `holds`. True: the
 * caller freed the last hold. */
static bool finish(struct cz_record *record, uint32_t phase, uint32_t holds, bool may_divert)
{
    const struct cz_type *type = record->type;
    enum cz_count counted = count_end(record, phase, may_divert), ended;
    uint32_t state = cz__load_acquire(&record->state), next;
    bool quiet = false;
    do {
        if (state & CZ_EXTRA && !quiet) {
            cz__limit_ended(record);
            quiet = true;
            state = cz__load_acquire(&record->state);
        }
        next = state & ~holds;
        if (cz__phase(state) == CZ_RUNNING) {
            if (phase == CZ_FAILED && state & (CZ_DIVERT | CZ_RERUN) && may_divert) {
                divert(record, state);
                return false;
            }
            next = (next & ~(uint32_t)CZ_PHASE) | phase;
        }
    } while (!cz__cas_acqrel(&record->state, &state, next));
    ended = end_count(state, phase, may_divert);
    if (ended != counted) { /* it was abandoned, or its time ran out, at this moment */
        cz_type_count(type, counted, (uint64_t)-1);
        cz_type_count(type, ended, 1);
    }
    if (cz__phase(state) == CZ_RUNNING)
        announce(record, state);
    return holds && !(next & (CZ_HANDLE | CZ_POOL));
}

void cz_record_finish(struct cz_record *record, uint32_t phase)
{
    finish(record, phase, 0, true);
}

void cz__record_end(struct cz_cache *cache, struct cz_record *record, uint32_t phase)
{
    if (finish(record, phase, CZ_POOL, true))
        cz_record_free(cache, record);
}

void cz__record_ran(struct cz_cache *cache, struct cz_record *record)
{
    cz__record_end(cache, record, phase_of_run(record));
}

void cz_record_conclude(struct cz_cache *cache, struct cz_record *record, uint32_t phase)
{
    struct cz_lane *lane = record->type->lane;
    if (phase & CZ_STOP_TIMEOUT)
        cz__or_acqrel(&record->state, CZ_STOP_TIMEOUT);
    if (finish(record, phase & CZ_PHASE, CZ_POOL, false))
        cz_record_free(cache, record);
    cz_lane_promise_kept(lane);
}

void cz_record_begin(struct cz_record *record)
{
    record->started_at = cz__ticks();
    cz__stats_begin(record);
    if (cz__load_relaxed(&record->state) & CZ_EXTRA)
        cz__limit_begins(record);
}

static _Thread_local const struct cz_record *inside; /* of cz_record_run */

const struct cz_record *cz__record_inside(void)
{
    return inside;
}

void cz_record_run(struct cz_record *record)
{
    const struct cz_record *outer = inside;
    uint32_t before = cz_arena_enter(record->type);
    cz_record_begin(record);
    inside = record;
    record->status = record->type->entry(cz_payload(record), &record->error);
    inside = outer;
    record->finished_at = cz__ticks();
    cz_arena_leave(before);
    finish(record, record->status ? CZ_FAILED : CZ_COMPLETED, CZ_POOL, true);
}

static int poll_final(struct cz_record *record)
{
    uint64_t until = cz__ticks() + cz__ticks_of_ns(WAIT_POLL_NS);
    do {
        for (int i = 0; i < 16; i++) {
            if (cz__final(cz__load_acquire(&record->state)))
                return 1;
            cz__pause();
        }
        sched_yield();
    } while ((int64_t)(until - cz__ticks()) > 0);
    return 0;
}

int cz_record_wait(struct cz_record *record, int64_t timeout_ns)
{
    int64_t until = timeout_ns < 0 ? -1 : cz__monotonic_ns() + timeout_ns;
    uint32_t state;
    if (poll_final(record))
        return 0;
    state = cz__load_acquire(&record->state);
    while (!cz__final(state)) {
        int64_t left = -1;
        if (until >= 0 && (left = until - cz__monotonic_ns()) <= 0)
            return CZ_ETIMEDOUT;
        if (!(state & CZ_SLEEPER)) {
            if (!cz__cas_acqrel(&record->state, &state, state | CZ_SLEEPER))
                continue;
            state |= CZ_SLEEPER;
        }
        if (cz__futex_wait(&record->state, state, left) == CZ_EINTR)
            return CZ_EINTR;
        state = cz__load_acquire(&record->state);
    }
    return 0;
}
