#include "batch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "limit.h"
#include "os.h"
#include "pool.h"

enum {
    CHUNK_NS = 100000,  /* what a chunk aims at */
    FLOOR_NS = 4000,    /* chunks do not shrink below this at the end */
    COST_SCALE = 256,   /* fixed point of the cost per item */
    GRACE_NS = 5000000, /* for the running chunks of a cancelled batch */
};
enum { OPEN, CANCELLED, ENDED };
enum { UNHEARD, HEARD, OVER };
#define STOPPED ((int64_t)1 << 62) /* a cursor at or beyond this hands out nothing */

static _Atomic(uint64_t) maps; /* numbered so far */

struct failure {
    int64_t index;
    void *error;
    int32_t status;
};

struct cz_batch {
    /* constant after submit */
    struct cz_lane *lane;
    cz_chunk chunk;
    struct cz_span *spans;
    int64_t inner, length, chunk_size;
    uint32_t tickets_most;
    uint32_t cancels; /* lane->cancels at submission */
    bool collect;
    uint32_t account;
    void (*release)(void *); /* a handle may outlive the lane */
    struct cz_type type;     /* of the tickets: type.batch is this batch */
    uint64_t chunk_ticks, floor_ticks;
    uint64_t queued_at;

    CZ_ALIGNED _Atomic(int64_t) cursor; /* workers: items handed out, or STOPPED + those */
    _Atomic(uint64_t) cost;             /* workers: ticks per item * COST_SCALE, 0 unknown */
    _Atomic(uint64_t) started_at;       /* the first worker */

    CZ_ALIGNED _Atomic(int64_t) ended; /* workers: items that have ended or never will run */
    _Atomic(int64_t) done;             /* workers: items that have ended */
    _Atomic(int64_t) torn;     /* first item of the earliest chunk that was left in the middle */
    _Atomic(uint32_t) verdict; /* OPEN, or what came first: a canceller or the end */
    _Atomic(uint32_t) ear;     /* UNHEARD, or what came first: a listener or the end */
    _Atomic(uint32_t) tickets; /* pushed so far */
    _Atomic(uint32_t) holds;   /* the handle and the live tickets; the last one frees */

    void *listener;         /* of cz_batch_watch; written before `ear` */
    struct cz_record state; /* its state word is the batch's; waiters sleep on it */

    pthread_mutex_t lock; /* guards the three below until the batch has ended */
    struct failure *failures;
    uint64_t failed, room;

    struct cz_record ticket[]; /* tickets_most */
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void let_go(struct cz_batch *batch)
{
    if (cz__sub_acqrel(&batch->holds, 1) != 1)
        return;
    pthread_mutex_destroy(&batch->lock);
    free(batch->failures);
    free(batch->spans);
    batch->release(batch);
}

static int by_index(const void *left, const void *right)
{
    int64_t a = ((const struct failure *)left)->index, b = ((const struct failure *)right)->index;
    return (a > b) - (a < b);
}

static void end_batch(struct cz_batch *batch)
{
    struct cz_lane *lane = batch->lane;
    bool stopped = cz__load_acquire(&batch->cursor) >= STOPPED;
    bool cancelled = cz__swap_acqrel(&batch->verdict, ENDED) == CANCELLED;
    uint32_t phase = CZ_COMPLETED;
    bool heard;
    pthread_mutex_lock(&batch->lock);
    if (batch->failed > 1)
        qsort(batch->failures, batch->failed, sizeof *batch->failures, by_index);
    /* A collecting batch that stopped by itself had no memory for a failure. */
    if (batch->failed && (!batch->collect || (stopped && !cancelled)))
        phase = CZ_FAILED;
    else if (cancelled)
        phase = CZ_CANCELLED;
    pthread_mutex_unlock(&batch->lock);
    batch->state.finished_at = cz__ticks();
    heard = cz__swap_acqrel(&batch->ear, OVER) == HEARD;
    cz_record_finish(&batch->state, phase);
    /* Not with the batch: that may outlive the pool. With a listener this is for cz_batch_watch,
     * if that comes too late for mail, or for who takes the mail. */
    if (!heard)
        cz_record_forget(&batch->state);
    cz_lane_promise_kept(lane);
}

static void count_cancelled(struct cz_batch *batch, int64_t items)
{
    cz__stats_add(batch->lane->pool->stats, batch->account, CZ_COUNT_CANCELLED, (uint64_t)items);
}

static void add_ended(struct cz_batch *batch, int64_t items)
{
    if (items && cz__add_acqrel(&batch->ended, items) + items == batch->length)
        end_batch(batch);
}

/* Hand out nothing more. The caller holds the batch alive. What a failure keeps from
 * running counts as nothing. */
static void stop_handing_out(struct cz_batch *batch, bool cancelled)
{
    int64_t cursor = cz__load_acquire(&batch->cursor);
    while (cursor < batch->length)
        if (cz__cas_acqrel(&batch->cursor, &cursor, cursor + STOPPED)) {
            if (cancelled)
                count_cancelled(batch, batch->length - cursor);
            add_ended(batch, batch->length - cursor);
            return;
        }
}

/* False: the failure cannot be remembered, so the batch must not go on. */
static bool remember(struct cz_batch *batch, int64_t index, int32_t status, void *error)
{
    bool known = true;
    pthread_mutex_lock(&batch->lock);
    if (batch->failed == batch->room) {
        uint64_t room = batch->room * 2;
        struct failure *more = realloc(batch->failures, room * sizeof *more);
        known = more != NULL;
        if (known) {
            batch->failures = more;
            batch->room = room;
        }
    }
    if (known)
        batch->failures[batch->failed++] = (struct failure){index, error, status};
    pthread_mutex_unlock(&batch->lock);
    return known;
}

struct tally {
    int64_t ran, failed; /* items; those that failed ran as well */
};

/* Run [begin, end) to its end, or to the failure that stops the batch. */
static struct tally run_items(struct cz__thread *thread, struct cz_batch *batch, int64_t begin,
                              int64_t end)
{
    struct tally tally = {.ran = end - begin};
    int64_t first = begin;
    while (begin < end) {
        int64_t failed = begin;
        void *error = NULL;
        int32_t status;
        thread->held_before = cz__held(thread);
        cz__store_release(&thread->inside, &batch->state);
        status = batch->chunk(batch->spans, batch->inner, begin, end, &failed, &error);
        cz__store_release(&thread->inside, NULL);
        if (status == 0)
            break;
        tally.failed++;
        if (!remember(batch, failed, status, error) || !batch->collect) {
            stop_handing_out(batch, false);
            tally.ran = failed + 1 - first;
            break;
        }
        begin = failed + 1;
    }
    return tally;
}

static void trace_items(const struct cz_batch *batch, struct cz__meter *meter, int64_t begin,
                        struct tally tally, uint64_t start, uint64_t end, enum cz_count outcome)
{
    if (meter == NULL || !cz__wanted(meter->until, end))
        return;
    cz__trace_write(meter, &(struct cz__event){
                               .id = batch->state.id,
                               .queued = batch->queued_at,
                               .started = start,
                               .ended = end,
                               .items = (uint64_t)tally.ran,
                               .first = (uint64_t)begin,
                               .failed = (uint64_t)tally.failed,
                               .account = batch->account,
                               .kind = CZ__EVENT_CHUNK,
                               .level = batch->state.level,
                               .outcome = outcome,
                           });
}

/* Each item counts as a call, with the mean of its chunk as its run time. It waited
 * from the batch's submission to its chunk's start. */
static void count_items(struct cz_batch *batch, struct cz__meter *meter, struct tally tally,
                        int64_t begin, uint64_t start, uint64_t ticks)
{
    cz__meter_end(meter, ticks);
    cz__meter_count(meter, &(struct cz__ran){
                               .account = batch->account,
                               .level = batch->state.level,
                               .waited = cz__ticks_between(batch->queued_at, start),
                               .ran = (ticks + (uint64_t)tally.ran / 2) / (uint64_t)tally.ran,
                               .total = ticks,
                               .calls = (uint64_t)tally.ran,
                               .failed = (uint64_t)tally.failed,
                               .end = CZ_COUNT_COMPLETED,
                           });
    trace_items(batch, meter, begin, tally, start, start + ticks, CZ_COUNT_COMPLETED);
}

static int64_t chunk_length(const struct cz_batch *batch, int64_t left)
{
    int64_t cost = (int64_t)cz__load_relaxed(&batch->cost);
    int64_t items, least;
    if (batch->chunk_size)
        return batch->chunk_size;
    if (cost == 0)
        return 1; /* of unknown cost: find out */
    items = (int64_t)batch->chunk_ticks * COST_SCALE / cost;
    least = (int64_t)batch->floor_ticks * COST_SCALE / cost;
    /* Towards the end smaller, so that all workers end together. */
    items = smaller(items, left / (2 * batch->tickets_most));
    return larger(larger(items, least), 1);
}

static void measure(struct cz_batch *batch, int64_t items, uint64_t ticks)
{
    uint64_t now = (ticks + 1) * COST_SCALE / (uint64_t)items + 1;
    uint64_t old = cz__load_relaxed(&batch->cost);
    cz__store_relaxed(&batch->cost, old ? (old + now) / 2 : now);
}

static bool take_chunk(struct cz_batch *batch, int64_t *begin, int64_t *end)
{
    int64_t cursor;
    if (cz__load_acquire(&batch->lane->cancels) != batch->cancels)
        cz_batch_cancel(batch);
    cursor = cz__load_acquire(&batch->cursor);
    while (cursor < batch->length) {
        int64_t left = batch->length - cursor;
        int64_t length = smaller(chunk_length(batch, left), left);
        if (cz__cas_acqrel(&batch->cursor, &cursor, cursor + length)) {
            *begin = cursor;
            *end = cursor + length;
            return true;
        }
    }
    return false;
}

/* Another worker pays if the rest takes longer than waking it. */
static void grow(struct cz_batch *batch)
{
    struct cz_lane *lane = batch->lane;
    int64_t left = batch->length - cz__load_relaxed(&batch->cursor);
    uint32_t tickets = cz__load_relaxed(&batch->tickets);
    uint64_t depth;
    if (tickets == batch->tickets_most || left <= 0 ||
        (uint64_t)left * cz__load_relaxed(&batch->cost) / COST_SCALE < lane->backlog_ticks)
        return;
    if (!cz__cas_acqrel(&batch->tickets, &tickets, tickets + 1))
        return;
    cz__add_acqrel(&batch->holds, 1);
    /* A closed lane still grows its last batches. On a full one a worker would not come
     * to the ticket soon, and the slack is for tickets that are put back. */
    if (cz__queue_push(&lane->queues[batch->state.level], &batch->ticket[tickets], CZ__PUSH_GROWN,
                       &depth))
        let_go(batch);
    else
        cz__sleep_wake_one(&lane->sleep);
}

static void note_start(struct cz_batch *batch)
{
    uint64_t none = 0;
    if (cz__load_relaxed(&batch->started_at) == 0)
        cz__cas_acqrel(&batch->started_at, &none, cz__ticks());
    /* Everybody does this, not only the first: the phase must be RUNNING before any of
     * them can end the batch. */
    cz_record_start(&batch->state);
}

static void end_stopped_chunk(struct cz_batch *batch, struct cz__thread *thread)
{
    struct cz__meter *meter = thread->worker.meter;
    struct tally tally = {.ran = thread->chunk_end - thread->chunk_begin};
    uint64_t now = cz__ticks(), start;
    if (meter == NULL)
        return;
    start = cz__load_relaxed(&meter->block->started);
    cz__meter_end(meter, now - start);
    trace_items(batch, meter, thread->chunk_begin, tally, start, now, CZ_COUNT_CANCELLED);
}

void cz__batch_stopped(struct cz__thread *thread, struct cz_record *ticket)
{
    struct cz_batch *batch = ticket->type->batch;
    int64_t torn = cz__load_relaxed(&batch->torn);
    /* By cz_pool_stop_running, else it would end as if nothing was torn. */
    if (cz__load_acquire(&batch->verdict) == OPEN)
        cz_batch_cancel(batch);
    while (thread->chunk_begin < torn && !cz__cas_acqrel(&batch->torn, &torn, thread->chunk_begin))
        continue;
    end_stopped_chunk(batch, thread);
    /* Some of them may have run, nobody knows which. */
    count_cancelled(batch, thread->chunk_end - thread->chunk_begin);
    add_ended(batch, thread->chunk_end - thread->chunk_begin);
    let_go(batch);
}

void cz__batch_serve(struct cz__thread *thread, struct cz_record *ticket)
{
    struct cz_lane *lane = thread->worker.lane;
    struct cz_batch *batch = ticket->type->batch;
    int64_t begin, end;
    note_start(batch);
    while (take_chunk(batch, &begin, &end)) {
        uint64_t start = cz__ticks(), ticks;
        struct tally tally;
        thread->chunk_begin = begin;
        thread->chunk_end = end;
        cz__meter_begin(thread->worker.meter, batch->account, start);
        tally = run_items(thread, batch, begin, end);
        ticks = cz__ticks() - start;
        measure(batch, end - begin, ticks);
        count_items(batch, thread->worker.meter, tally, begin, start, ticks);
        cz__add_relaxed(&batch->done, end - begin);
        add_ended(batch, end - begin);
        grow(batch);
        if (cz__lane_ready(lane, CZ_LEVELS) && cz__load_relaxed(&batch->cursor) < batch->length) {
            cz__lane_requeue(lane, ticket);
            return;
        }
    }
    let_go(batch);
}

void cz__batch_abandon(struct cz_record *ticket)
{
    struct cz_batch *batch = ticket->type->batch;
    cz_batch_cancel(batch);
    let_go(batch);
}

static struct cz_batch *new_batch(struct cz_lane *lane, const struct cz_span *spans,
                                  uint32_t nspans, uint32_t tickets)
{
    struct cz_batch *batch =
        cz__zalloc(lane->depot, sizeof *batch + tickets * sizeof batch->ticket[0]);
    if (batch == NULL)
        return NULL;
    batch->lane = lane;
    batch->release = lane->depot->release;
    batch->cancels = cz__load_acquire(&lane->cancels);
    batch->tickets_most = tickets;
    batch->room = 4;
    batch->spans = malloc(nspans * sizeof *spans);
    batch->failures = malloc(batch->room * sizeof *batch->failures);
    if (batch->spans == NULL || batch->failures == NULL) {
        free(batch->spans);
        free(batch->failures);
        lane->depot->release(batch);
        return NULL;
    }
    memcpy(batch->spans, spans, nspans * sizeof *spans);
    pthread_mutex_init(&batch->lock, NULL);
    batch->type.batch = batch;
    batch->type.pool = lane->pool;
    batch->state.type = &batch->type;
    cz__store_relaxed(&batch->holds, 2); /* the handle and the first ticket */
    cz__store_relaxed(&batch->tickets, 1);
    return batch;
}

static void set_level(struct cz_batch *batch, uint32_t level)
{
    batch->state.level = (uint16_t)level;
    for (uint32_t i = 0; i < batch->tickets_most; i++) {
        batch->ticket[i].type = &batch->type;
        batch->ticket[i].level = (uint16_t)level;
    }
}

int cz_batch_submit(struct cz_lane *lane, cz_chunk chunk, const struct cz_span *spans,
                    uint32_t nspans, int64_t inner, int64_t length, int64_t chunk_size,
                    uint32_t level, int flags, uint32_t account, struct cz_arena *arena,
                    struct cz_batch **out)
{
    struct cz_batch *batch;
    int result;
    if (inner < 1 || length < 0 || length >= STOPPED || chunk_size < 0 || level >= CZ_LEVELS ||
        nspans == 0)
        return CZ_EINVAL;
    if (cz__lane_closed(lane))
        return CZ_ECLOSED;
    batch = new_batch(lane, spans, nspans, cz_pool_workers(lane->pool));
    if (batch == NULL)
        return CZ_ENOMEM;
    batch->chunk = chunk;
    batch->inner = inner;
    batch->length = length;
    batch->chunk_size = chunk_size;
    batch->collect = flags & CZ_BATCH_COLLECT;
    batch->account = account;
    batch->type.arena = arena;
    batch->type.interruptible = flags & CZ_BATCH_INTERRUPTIBLE;
    cz__store_relaxed(&batch->torn, length);
    batch->chunk_ticks = cz__ticks_of_ns(CHUNK_NS);
    batch->floor_ticks = cz__ticks_of_ns(FLOOR_NS);
    batch->queued_at = cz__ticks();
    batch->state.id = cz__add_relaxed(&maps, 1) + 1;
    set_level(batch, level);
    cz__lane_owe(lane);
    if (length == 0) {
        note_start(batch);
        end_batch(batch);
        let_go(batch);
        *out = batch;
        return 0;
    }
    result = cz_lane_push(lane, &batch->ticket[0], level);
    if (result) {
        cz_lane_promise_kept(lane);
        let_go(batch);
        let_go(batch);
        return result;
    }
    *out = batch;
    return 0;
}

int cz_batch_wait(struct cz_batch *batch, int64_t timeout_ns)
{
    return cz_record_wait(&batch->state, timeout_ns);
}

uint32_t cz_batch_phase(const struct cz_batch *batch)
{
    return cz__phase(cz__load_acquire(&batch->state.state));
}

int64_t cz_batch_done(const struct cz_batch *batch)
{
    return cz__load_relaxed(&batch->done);
}

int64_t cz_batch_handed_out(const struct cz_batch *batch)
{
    int64_t cursor = cz__load_acquire(&batch->cursor);
    return smaller(cursor >= STOPPED ? cursor - STOPPED : cursor, cz__load_acquire(&batch->torn));
}

int cz_batch_cancel(struct cz_batch *batch)
{
    uint32_t verdict = OPEN;
    if (!cz__cas_acqrel(&batch->verdict, &verdict, CANCELLED) && verdict == ENDED)
        return 0;
    note_start(batch); /* so that the phase can move on even if no worker ever came */
    stop_handing_out(batch, true);
    /* Chunks that run usually end by themselves within this. */
    if (batch->type.interruptible)
        cz__record_stop_after(&batch->state, CZ_STOP_CANCEL, GRACE_NS);
    return 1;
}

int cz_batch_watch(struct cz_batch *batch, void *listener)
{
    uint32_t ear = cz__load_acquire(&batch->ear);
    int watched;
    if (ear == HEARD)
        return 2;
    batch->listener = listener;
    if (ear == UNHEARD && cz__cas_acqrel(&batch->ear, &ear, HEARD)) {
        watched = cz_record_watch(&batch->state);
        if (watched == 0)
            cz_record_forget(&batch->state);
        ear = HEARD;
        if (watched >= 0 || cz__cas_acqrel(&batch->ear, &ear, UNHEARD))
            return watched;
        cz_record_forget(&batch->state); /* out of memory, and the end has counted on it */
    }
    cz_record_wait(&batch->state, -1); /* whoever ends it is about to store the phase */
    return 0;
}

void *cz_batch_told(struct cz_record *record)
{
    struct cz_batch *batch = record->type->batch;
    if (batch == NULL)
        return NULL;
    cz_record_forget(record);
    return batch->listener;
}

uint64_t cz_batch_failure(struct cz_batch *batch, uint64_t i, int64_t *index, int32_t *status,
                          void **error)
{
    uint64_t failed;
    pthread_mutex_lock(&batch->lock);
    failed = batch->failed;
    if (i < failed) {
        *index = batch->failures[i].index;
        *status = batch->failures[i].status;
        *error = batch->failures[i].error;
    }
    pthread_mutex_unlock(&batch->lock);
    return failed;
}

int cz_batch_released(const struct cz_batch *batch)
{
    return cz__load_acquire(&batch->holds) <= 1;
}

void cz_batch_times(const struct cz_batch *batch, uint64_t *queued, uint64_t *started,
                    uint64_t *finished)
{
    *queued = batch->queued_at;
    *started = cz__load_acquire(&batch->started_at);
    *finished = cz__final(cz__load_acquire(&batch->state.state)) ? batch->state.finished_at : 0;
}

void cz_batch_drop(struct cz_batch *batch)
{
    let_go(batch);
}
