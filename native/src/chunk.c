#include "chunk.h"

#include "os.h"
#include "pool.h"

enum { COST_SCALE = 256 }; /* fixed point of the cost per item */

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct tally {
    int64_t ran, failed; /* items; those that failed ran as well */
    int64_t left;        /* of those that failed: the caller's to compute */
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
        tally.left += batch->again && status == CZ_LEFT;
        if (!cz__batch_remember(batch, failed, status, error) ||
            !cz__batch_goes_on(batch, status)) {
            cz__batch_stop(batch, false);
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
        cz__batch_let_go(batch);
    else
        cz__sleep_wake_one(&lane->sleep);
}

void cz__chunk_left(struct cz_batch *batch, struct cz__thread *thread)
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

void cz__chunk_serve(struct cz__thread *thread, struct cz_record *ticket)
{
    struct cz_lane *lane = thread->worker.lane;
    struct cz_batch *batch = ticket->type->batch;
    int64_t begin, end;
    cz__batch_begin(batch);
    while (take_chunk(batch, &begin, &end)) {
        uint64_t start = cz__ticks(), ticks;
        struct tally tally;
        thread->chunk_begin = begin;
        thread->chunk_end = end;
        cz__meter_begin(thread->worker.meter, batch->account, NULL, start);
        tally = run_items(thread, batch, begin, end);
        ticks = cz__ticks() - start;
        measure(batch, end - begin, ticks);
        count_items(batch, thread->worker.meter, tally, begin, start, ticks);
        cz__add_relaxed(&batch->done, end - begin - tally.left);
        cz__batch_add_ended(batch, end - begin);
        grow(batch);
        /* A relief worker has brought the batch under way: the rest is the others'. */
        if ((thread->relieves || cz__lane_ready(lane, CZ_LEVELS)) &&
            cz__load_relaxed(&batch->cursor) < batch->length) {
            cz__lane_requeue(lane, ticket);
            return;
        }
    }
    cz__batch_let_go(batch);
}
