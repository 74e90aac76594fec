#include "lane.h"

#include "bell.h"
#include "os.h"

int cz__lane_init(struct cz_lane *lane, uint64_t capacity, uint64_t slack)
{
    for (unsigned i = 0; i < CZ_LEVELS; i++) {
        int result = cz__queue_init(&lane->queues[i], capacity, slack);
        if (result) {
            while (i--)
                cz__queue_free(&lane->queues[i]);
            return result;
        }
    }
    return 0;
}

void cz__lane_free(struct cz_lane *lane)
{
    for (unsigned i = 0; i < CZ_LEVELS; i++)
        cz__queue_free(&lane->queues[i]);
}

static void wake_everybody(struct cz_lane *lane)
{
    cz__sleep_wake_all(&lane->sleep);
    if (lane->reserved)
        cz__sleep_wake_all(lane->reserved);
    for (unsigned i = 0; lane->relief.on && i < CZ_LEVELS; i++)
        cz__sleep_wake_all(&lane->relief.sleep[i]);
}

void cz__lane_close(struct cz_lane *lane)
{
    for (unsigned i = 0; i < CZ_LEVELS; i++)
        cz__queue_close(&lane->queues[i]);
    wake_everybody(lane);
}

void cz__lane_owe(struct cz_lane *lane)
{
    cz__add_seqcst(&lane->owed, 1);
}

int cz_lane_promise(struct cz_lane *lane)
{
    /* The promise first: a close after it lets the workers wait. */
    cz__lane_owe(lane);
    if (!cz__lane_closed(lane))
        return 0;
    cz_lane_promise_kept(lane);
    return CZ_ECLOSED;
}

void cz_lane_promise_more(struct cz_lane *lane)
{
    cz__lane_owe(lane);
}

void cz_lane_promise_kept(struct cz_lane *lane)
{
    /* seq_cst, as in the sleepers' look: either they see 0 or we see them. */
    if (cz__sub_seqcst(&lane->owed, 1) == 1 && cz__lane_closed(lane))
        wake_everybody(lane);
}

bool cz__lane_closed(struct cz_lane *lane)
{
    return cz__queue_closed(&lane->queues[CZ_LEVELS - 1]);
}

bool cz__lane_finished(struct cz_lane *lane)
{
    return cz__lane_closed(lane) && cz__load_seqcst(&lane->owed) == 0;
}

bool cz__lane_ready(struct cz_lane *lane, unsigned levels)
{
    for (unsigned i = 0; i < levels; i++)
        if (cz__queue_ready(&lane->queues[i]))
            return true;
    return false;
}

void cz__lane_await_entry(struct cz_lane *lane, unsigned levels, uint32_t *turns)
{
    if (cz__lane_ready(lane, levels))
        *turns = 0;
    else
        cz__give_way(turns);
}

bool cz__lane_empty(struct cz_lane *lane, unsigned levels)
{
    for (unsigned i = 0; i < levels; i++)
        if (cz__queue_depth(&lane->queues[i]))
            return false;
    return true;
}

static struct cz_record *pop_level(struct cz_lane *lane, unsigned level)
{
    struct cz_record *record = cz__queue_pop(&lane->queues[level]);
    if (record && cz__load_relaxed(&lane->passes[level]))
        cz__store_relaxed(&lane->passes[level], 0);
    return record;
}

/* A level below `level` that has been passed over too often, or 0. */
static unsigned overdue(struct cz_lane *lane, unsigned level, unsigned levels)
{
    unsigned due = 0;
    for (unsigned i = level + 1; i < levels; i++)
        if (cz__queue_ready(&lane->queues[i]) &&
            cz__add_relaxed(&lane->passes[i], 1) >= CZ__PASSES && due == 0)
            due = i;
    return due;
}

struct cz_record *cz__lane_pick(struct cz_lane *lane, unsigned levels)
{
    for (unsigned i = 0; i < levels; i++) {
        struct cz_record *record;
        unsigned due;
        if (!cz__queue_ready(&lane->queues[i]))
            continue;
        due = overdue(lane, i, levels);
        if (due && (record = pop_level(lane, due)))
            return record;
        if ((record = pop_level(lane, i)))
            return record;
    }
    return NULL;
}

void cz__lane_requeue(struct cz_lane *lane, struct cz_record *record)
{
    uint64_t depth, mean = cz__type_mean(record->type);
    uint32_t level = record->level, turns = 0;
    while (cz__queue_push(&lane->queues[level], record, CZ__PUSH_BACK, &depth) == CZ_EFULL)
        cz__give_way(&turns); /* cannot last: the slack is one entry per worker (README, "Queue") */
    cz__lane_notify(lane, mean, level, depth);
}

bool cz__lane_is_short(const struct cz_lane *lane, const struct cz_type *type)
{
    uint64_t mean = cz__type_mean(type);
    return mean && mean < lane->short_ticks;
}

static bool worth_another(struct cz_lane *lane, uint64_t mean, uint32_t level, uint64_t depth,
                          uint32_t lookouts)
{
    uint64_t enough = lane->backlog_ticks * lookouts;
    if (depth * mean <= enough)
        return false;
    return cz__queue_depth(&lane->queues[level]) * mean > enough;
}

void cz__lane_notify(struct cz_lane *lane, uint64_t mean, uint32_t level, uint64_t depth)
{
    /* seq_cst, after the seq_cst move of the tail: the second half of the argument. */
    uint32_t counts = cz__sleep_counts(&lane->sleep);
    if (level == CZ_CRITICAL && lane->reserved)
        cz__sleep_wake_one(lane->reserved);
    if (cz__sleepers(counts) == 0) {
        if (lane->relief.on || (cz__load_relaxed(&lane->scale.on) && cz__lookouts(counts) == 0))
            cz__bell_attend(lane->bell);
        return;
    }
    if (cz__lookouts(counts) == 0 || worth_another(lane, mean, level, depth, cz__lookouts(counts)))
        cz__sleep_wake_one(&lane->sleep);
    else
        cz__bell_attend(lane->bell);
}

bool cz__lane_enter_long(struct cz_lane *lane)
{
    uint32_t counts;
    cz__lookout_quit(&lane->sleep);
    counts = cz__sleep_counts(&lane->sleep);
    if (cz__lookouts(counts) || cz__lane_empty(lane, CZ_LEVELS))
        return false;
    if (cz__sleep_wake_one(&lane->sleep))
        return false;
    /* Nobody is left for what is queued: if this one blocks, the clock must see it. */
    if (lane->relief.on || cz__load_relaxed(&lane->scale.on))
        cz__bell_attend(lane->bell);
    return true;
}

void cz__lane_leave_long(struct cz_lane *lane)
{
    cz__lookout_join(&lane->sleep);
}

static int push(struct cz_lane *lane, struct cz_record *record, uint32_t level, enum cz__push how)
{
    uint64_t depth, mean = cz__type_mean(record->type);
    int result = cz__queue_push(&lane->queues[level], record, how, &depth);
    if (result == 0)
        cz__lane_notify(lane, mean, level, depth);
    return result;
}

int cz_lane_push(struct cz_lane *lane, struct cz_record *record, uint32_t level)
{
    record->level = (uint16_t)level;
    record->queued_at = cz__ticks();
    return push(lane, record, level, CZ__PUSH_NEW);
}

int cz_lane_push_promised(struct cz_lane *lane, struct cz_record *record, uint32_t level)
{
    record->level = (uint16_t)level;
    record->queued_at = cz__ticks();
    return push(lane, record, level, CZ__PUSH_GROWN);
}

int cz_lane_wait_space(struct cz_lane *lane, uint32_t level, int64_t timeout_ns)
{
    /* Wakers hold back until there is room worth a wake-up; a look every two
     * milliseconds keeps that from delaying anybody behind long tasks. */
    enum { LOOK_NS = 2000000 };
    bool last = timeout_ns >= 0 && timeout_ns <= LOOK_NS;
    int result = cz__queue_wait_room(&lane->queues[level], last ? timeout_ns : LOOK_NS);
    return result == CZ_ETIMEDOUT && !last ? 0 : result;
}

uint64_t cz_lane_depth(struct cz_lane *lane, uint32_t level)
{
    return cz__queue_depth(&lane->queues[level]);
}

/* Not so long as nobody has called for them. */
static bool relief_is_busy(struct cz_lane *lane)
{
    uint32_t present = cz__load_acquire(&lane->relief.present);
    for (unsigned i = 0; i < CZ_LEVELS; i++)
        if (present & 1u << i && cz__sleepers(cz__sleep_counts(&lane->relief.sleep[i])) == 0)
            return true;
    return false;
}

int cz_lane_busy(struct cz_lane *lane)
{
    return !cz__lane_empty(lane, CZ_LEVELS) || relief_is_busy(lane) ||
           cz__sleepers(cz__sleep_counts(&lane->sleep)) < cz_pool_workers(lane->pool);
}

int cz_lane_unattended(const struct cz_lane *lane)
{
    return cz__sleep_counts((struct cz__sleep *)&lane->sleep) == 0;
}
