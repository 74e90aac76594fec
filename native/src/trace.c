#include "trace.h"

#include <pthread.h>

#include "os.h"
#include "pool.h"
#include "stats.h"

static void write_event(struct cz__ring *ring, const struct cz__event *event, uint32_t thread)
{
    uint64_t head = cz__load_relaxed(&ring->head);
    _Atomic(uint64_t) *words = ring->words[head % CZ__EVENTS];
    /* Release, each: the head that the event before this one left comes first, so a reader
     * that finds one of these words finds that head or a later one. */
    cz__store_release(&words[0], event->id);
    cz__store_release(&words[1], event->queued);
    cz__store_release(&words[2], event->started);
    cz__store_release(&words[3], event->ended);
    cz__store_release(&words[4], event->items);
    cz__store_release(&words[5], event->first);
    cz__store_release(&words[6], event->failed);
    cz__store_release(&words[7], (uint64_t)event->account | (uint64_t)event->kind << 16 |
                                     (uint64_t)event->level << 20 | (uint64_t)event->outcome << 24 |
                                     (uint64_t)thread << 32);
    cz__store_release(&ring->head, head + 1);
}

void cz__trace_write(struct cz__meter *meter, const struct cz__event *event)
{
    struct cz__stats *stats = meter->stats;
    if (cz__load_relaxed(&meter->block->kind) != CZ__METER_SHARED) {
        write_event(meter->ring, event, cz__load_relaxed(&meter->block->thread));
        return;
    }
    pthread_mutex_lock(&stats->lock);
    write_event(meter->ring, event, cz__thread_id());
    pthread_mutex_unlock(&stats->lock);
}

/* What became of a run that was not the end of its call. */
static enum cz_count outcome_of(uint32_t state)
{
    if ((state & CZ_PHASE) == CZ_RUNNING)
        return CZ_COUNT_RETRIED;
    return state & CZ_STOP_TIMEOUT ? CZ_COUNT_TIMED_OUT : CZ_COUNT_CANCELLED;
}

void cz__trace_run(struct cz__meter *meter, const struct cz_record *record, enum cz_count end)
{
    if (end == CZ_COUNTS)
        end = outcome_of(cz__load_relaxed(&record->state));
    cz__trace_write(meter, &(struct cz__event){
                               .id = record->id,
                               .queued = record->queued_at,
                               .started = record->started_at,
                               .ended = record->finished_at,
                               .items = 1,
                               .failed = end == CZ_COUNT_FAILED,
                               .account = record->type->account,
                               .kind = CZ__EVENT_RUN,
                               .level = record->level % CZ_LEVELS,
                               .outcome = end,
                           });
}
