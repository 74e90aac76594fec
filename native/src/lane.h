/* lane.h: four level queues, and the rules by which workers take from them.
 *
 * Picking: the most urgent level that has work, with a bound: a level that was passed
 * over CZ__PASSES times while it had work is served next. Waking: a push wakes a
 * sleeper when nobody is on the look-out, or when the backlog is worth another worker.
 * The clock (clock.h) mends the one case that this cannot see: a worker on the look-out
 * whose short task turned out long.
 */
#ifndef CZ_LANE_H
#define CZ_LANE_H

#include "queue.h"
#include "record.h"
#include "relief.h"
#include "scale.h"
#include "sleep.h"

struct cz__bell;
struct cz__meter;

enum {
    /* 64 picks, less the two that the other two lower levels may claim first, less the
     * pick itself. */
    CZ__PASSES = 61,
};

struct cz_lane {
    /* constant after create */
    struct cz_pool *pool;
    struct cz__depot *depot;
    struct cz__bell *bell;      /* of the clock */
    uint64_t short_ticks;       /* a mean run time below this is short */
    uint64_t backlog_ticks;     /* a backlog worth another worker */
    uint64_t poll_ticks;        /* how long the only look-out polls before it sleeps; 0: not */
    struct cz__sleep *reserved; /* of the worker that serves CRITICAL alone; NULL: has none */

    struct cz__sleep sleep;
    struct cz__scale scale;
    struct cz__relief relief;
    _Atomic(uint32_t) owed; /* batches that go on, promised pushes: a closed lane's workers stay */
    _Atomic(uint32_t) cancels; /* of everything pending; batches from before such a one stop */
    CZ_ALIGNED _Atomic(uint32_t) passes[CZ_LEVELS]; /* picks that passed this level over */
    struct cz__queue queues[CZ_LEVELS];
};

/* What one worker of the lane is doing; its own thread only. */
struct cz__worker {
    struct cz_lane *lane;
    struct cz_cache cache;
    struct cz__meter *meter; /* NULL: nothing is counted */
    unsigned levels;         /* serves the levels below this number */
};

int cz__lane_init(struct cz_lane *lane, uint64_t capacity, uint64_t slack);
void cz__lane_free(struct cz_lane *lane);
void cz__lane_close(struct cz_lane *lane);
bool cz__lane_closed(struct cz_lane *lane);
/* Add to what a closed lane's workers wait for; cz_lane_promise_kept takes it off again. */
void cz__lane_owe(struct cz_lane *lane);
/* Closed, and nothing will ever come again: a worker that finds nothing may end. */
bool cz__lane_finished(struct cz_lane *lane);
/* Take the next record off the first `levels` queues. Claims nothing. */
struct cz_record *cz__lane_pick(struct cz_lane *lane, unsigned levels);
bool cz__lane_ready(struct cz_lane *lane, unsigned levels);
/* Entries are counted: give way to the thread that is about to publish one, if that is what keeps
 * them from being picked. *turns is the caller's, from 0, and lasts from call to call. */
void cz__lane_await_entry(struct cz_lane *lane, unsigned levels, uint32_t *turns);
/* Whether anything is queued, seq_cst: for the sleep protocol. */
bool cz__lane_empty(struct cz_lane *lane, unsigned levels);
/* Put back what a worker took (a ticket): never full, open or closed. */
void cz__lane_requeue(struct cz_lane *lane, struct cz_record *record);
/* Wake a worker, or not, for a push that found `depth` entries before it; `mean` is its
 * type's run time, read before the push: after it the record may be gone. */
void cz__lane_notify(struct cz_lane *lane, uint64_t mean, uint32_t level, uint64_t depth);
bool cz__lane_is_short(const struct cz_lane *lane, const struct cz_type *type);
/* Before and after a task that may be long. True: work is left and nobody to wake. */
bool cz__lane_enter_long(struct cz_lane *lane);
void cz__lane_leave_long(struct cz_lane *lane);

#endif
