/* All that moves a batch from one state to the next stands in this file, hence its length. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "limit.h"
#include "os.h"
#include "pool.h"

enum {
    CHUNK_NS = 100000,  /* what a chunk aims at */
    FLOOR_NS = 4000,    /* chunks do not shrink below this at the end */
    GRACE_NS = 5000000, /* for the running chunks of a cancelled batch */
};
enum { OPEN, CANCELLED, ENDED };
enum { NO_LISTENER, LISTENING, OVER };
#define STOPPED ((int64_t)1 << 62) /* a cursor at or beyond this hands out nothing */

static _Atomic(uint64_t) maps; /* numbered so far */

void cz__batch_let_go(struct cz_batch *batch)
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
    int64_t a = ((const struct cz__failure *)left)->index,
            b = ((const struct cz__failure *)right)->index;
    return (a > b) - (a < b);
}

bool cz__batch_goes_on(const struct cz_batch *batch, int32_t status)
{
    return batch->collect || (batch->again && status == CZ_LEFT);
}

/* Under the lock. A batch that goes on after all it has met, and stopped by itself, had no memory
 * for a failure. */
static bool has_failed(const struct cz_batch *batch, bool stopped_itself)
{
    for (uint64_t i = 0; i < batch->failed; i++)
        if (stopped_itself || !cz__batch_goes_on(batch, batch->failures[i].status))
            return true;
    return false;
}

/* Under the lock. */
static bool has_left(const struct cz_batch *batch)
{
    for (uint64_t i = 0; batch->again && i < batch->failed; i++)
        if (batch->failures[i].status == CZ_LEFT)
            return true;
    return false;
}

static void end_batch(struct cz_batch *batch)
{
    struct cz_lane *lane = batch->lane;
    bool left;
    bool stopped = cz__load_acquire(&batch->cursor) >= STOPPED;
    bool cancelled = cz__swap_acqrel(&batch->outcome, ENDED) == CANCELLED;
    uint32_t phase = CZ_COMPLETED;
    bool listening;
    pthread_mutex_lock(&batch->lock);
    if (batch->failed > 1)
        qsort(batch->failures, batch->failed, sizeof *batch->failures, by_index);
    if (has_failed(batch, stopped && !cancelled))
        phase = CZ_FAILED;
    else if (cancelled)
        phase = CZ_CANCELLED;
    left = batch->left = !cancelled && has_left(batch);
    pthread_mutex_unlock(&batch->lock);
    batch->state.finished_at = cz__ticks();
    listening = cz__swap_acqrel(&batch->listening, OVER) == LISTENING;
    cz_record_finish(&batch->state, phase);
    /* Not with the batch: that may outlive the pool. With a listener this is for cz_batch_watch,
     * if that comes too late for mail, or for who takes the mail. */
    if (!listening)
        cz_record_forget(&batch->state);
    if (left)
        cz_mail_ring(lane->pool); /* the promise is the taker's now */
    else
        cz_lane_promise_kept(lane);
}

static void count_cancelled(struct cz_batch *batch, int64_t items)
{
    cz__stats_add(batch->lane->pool->stats, batch->account, CZ_COUNT_CANCELLED, (uint64_t)items);
}

void cz__batch_add_ended(struct cz_batch *batch, int64_t items)
{
    if (items && cz__add_acqrel(&batch->ended, items) + items == batch->length)
        end_batch(batch);
}

void cz__batch_stop(struct cz_batch *batch, bool cancelled)
{
    int64_t cursor = cz__load_acquire(&batch->cursor);
    while (cursor < batch->length)
        if (cz__cas_acqrel(&batch->cursor, &cursor, cursor + STOPPED)) {
            if (cancelled)
                count_cancelled(batch, batch->length - cursor);
            cz__batch_add_ended(batch, batch->length - cursor);
            return;
        }
}

bool cz__batch_remember(struct cz_batch *batch, int64_t index, int32_t status, void *error)
{
    bool known = true;
    pthread_mutex_lock(&batch->lock);
    if (batch->failed == batch->room) {
        uint64_t room = batch->room * 2;
        struct cz__failure *more = realloc(batch->failures, room * sizeof *more);
        known = more != NULL;
        if (known) {
            batch->failures = more;
            batch->room = room;
        }
    }
    if (known)
        batch->failures[batch->failed++] = (struct cz__failure){index, error, status};
    pthread_mutex_unlock(&batch->lock);
    return known;
}

void cz__batch_begin(struct cz_batch *batch)
{
    uint64_t none = 0;
    if (cz__load_relaxed(&batch->started_at) == 0)
        cz__cas_acqrel(&batch->started_at, &none, cz__ticks());
    /* Everybody does this, not only the first: the phase must be RUNNING before any of
     * them can end the batch. */
    cz_record_start(&batch->state);
}

void cz__batch_stopped(struct cz__thread *thread, struct cz_record *ticket)
{
    struct cz_batch *batch = ticket->type->batch;
    int64_t torn = cz__load_relaxed(&batch->first_torn);
    /* By cz_pool_stop_running, else it would end as if nothing was torn. */
    if (cz__load_acquire(&batch->outcome) == OPEN)
        cz_batch_cancel(batch);
    while (thread->chunk_begin < torn &&
           !cz__cas_acqrel(&batch->first_torn, &torn, thread->chunk_begin))
        continue;
    cz__chunk_left(batch, thread);
    /* Some of them may have run, nobody knows which. */
    count_cancelled(batch, thread->chunk_end - thread->chunk_begin);
    cz__batch_add_ended(batch, thread->chunk_end - thread->chunk_begin);
    cz__batch_let_go(batch);
}

void cz__batch_abandon(struct cz_record *ticket)
{
    struct cz_batch *batch = ticket->type->batch;
    cz_batch_cancel(batch);
    cz__batch_let_go(batch);
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
    batch->type.lane = lane;
    batch->type.extras = &lane->pool->extras;
    batch->type.bell = lane->bell;
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
    batch->again = flags & CZ_BATCH_AGAIN;
    batch->account = account;
    batch->type.arena = arena;
    batch->type.interruptible = flags & CZ_BATCH_INTERRUPTIBLE;
    cz__store_relaxed(&batch->first_torn, length);
    batch->chunk_ticks = cz__ticks_of_ns(CHUNK_NS);
    batch->floor_ticks = cz__ticks_of_ns(FLOOR_NS);
    batch->queued_at = cz__ticks();
    batch->state.id = cz__add_relaxed(&maps, 1) + 1;
    set_level(batch, level);
    cz__lane_owe(lane);
    if (length == 0) {
        cz__batch_begin(batch);
        end_batch(batch);
        cz__batch_let_go(batch);
        *out = batch;
        return 0;
    }
    result = cz_lane_push(lane, &batch->ticket[0], level);
    if (result) {
        cz_lane_promise_kept(lane);
        cz__batch_let_go(batch);
        cz__batch_let_go(batch);
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
    int64_t torn = cz__load_acquire(&batch->first_torn);
    if (cursor >= STOPPED)
        cursor -= STOPPED;
    return cursor < torn ? cursor : torn;
}

int cz_batch_cancel(struct cz_batch *batch)
{
    uint32_t outcome = OPEN;
    if (!cz__cas_acqrel(&batch->outcome, &outcome, CANCELLED) && outcome == ENDED)
        return 0;
    cz__batch_begin(batch); /* so that the phase can move on even if no worker ever came */
    cz__batch_stop(batch, true);
    /* Chunks that run usually end by themselves within this. */
    if (batch->type.interruptible)
        cz__record_stop_after(&batch->state, CZ_STOP_CANCEL, GRACE_NS);
    return 1;
}

int cz_batch_watch(struct cz_batch *batch, void *listener)
{
    uint32_t ear = cz__load_acquire(&batch->listening);
    int watched;
    if (ear == LISTENING)
        return 2;
    batch->listener = listener;
    if (ear == NO_LISTENER && cz__cas_acqrel(&batch->listening, &ear, LISTENING)) {
        watched = cz_record_watch(&batch->state);
        if (watched == 0)
            cz_record_forget(&batch->state);
        ear = LISTENING;
        if (watched >= 0 || cz__cas_acqrel(&batch->listening, &ear, NO_LISTENER))
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

int cz_batch_left(const struct cz_batch *batch)
{
    return cz__final(cz__load_acquire(&batch->state.state)) && batch->left;
}

void cz_batch_count(struct cz_batch *batch, uint32_t what, uint64_t n)
{
    cz__stats_add(batch->lane->pool->stats, batch->account, what, n);
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
    cz__batch_let_go(batch);
}
