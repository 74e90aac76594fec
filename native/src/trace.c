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

static void trace_items(struct cz__meter *meter, const struct cz_type *type,
                        const struct cz_items *items, uint64_t queued, uint64_t started,
                        uint64_t ended)
{
    cz__trace_write(meter, &(struct cz__event){
                               .id = items->map,
                               .queued = queued,
                               .started = started,
                               .ended = ended,
                               .items = items->items,
                               .first = items->first,
                               .failed = items->failed,
                               .account = type->account,
                               .kind = CZ__EVENT_CHUNK,
                               .level = items->level % CZ_LEVELS,
                               .outcome = CZ_COUNT_COMPLETED,
                           });
}

void cz_type_ran(const struct cz_type *type, const struct cz_items *items)
{
    uint64_t queued, started, ended, total;
    struct cz__meter *meter;
    if (type->stats == NULL)
        return;
    if (items->cancelled)
        cz__stats_add(type->stats, type->account, CZ_COUNT_CANCELLED, items->cancelled);
    if (items->items == 0)
        return;
    queued = cz__ticks_at(items->queued_ns);
    started = cz__ticks_at(items->started_ns);
    ended = cz__ticks_at(items->ended_ns);
    total = cz__ticks_between(started, ended);
    meter = cz__stats_count(type->stats, &(struct cz__ran){
                                             .account = type->account,
                                             .level = items->level % CZ_LEVELS,
                                             .waited = cz__ticks_between(queued, started),
                                             .ran = (total + items->items / 2) / items->items,
                                             .total = total,
                                             .calls = items->items,
                                             .failed = items->failed,
                                             .end = CZ_COUNT_COMPLETED,
                                         });
    if (cz__wanted(meter->until, ended))
        trace_items(meter, type, items, queued, started, ended);
}

void cz_pool_compiled(struct cz_pool *pool, const char *name, int64_t began_ns, int64_t ended_ns,
                      int refused, int from_cache)
{
    struct cz__meter *meter = pool->stats ? cz__shared_meter(pool->stats) : NULL;
    if (meter == NULL || !cz__wanted(meter->until, cz__ticks()))
        return;
    cz__trace_write(meter, &(struct cz__event){
                               .started = cz__ticks_at(began_ns),
                               .ended = cz__ticks_at(ended_ns),
                               .items = from_cache != 0,
                               .account = cz_pool_account(pool, CZ_LANE_NATIVE, name),
                               .kind = CZ__EVENT_COMPILATION,
                               .outcome = refused ? CZ_COUNT_FAILED : CZ_COUNT_COMPLETED,
                           });
}
