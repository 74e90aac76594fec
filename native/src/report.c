#include "os.h"
#include "pool.h"
#include "stats.h"
#include "trace.h"

/* What ran where the library does not see it, as the caller reports it: the items of a map in
 * Python, a compilation. */

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
