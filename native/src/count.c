#include "stats.h"

#include "arena.h"
#include "os.h"
#include "pool.h"

/* What a run or an end adds, at the meter of the thread it happens on. */

/* Of the calling thread, if it is a worker. Read once per task: a general look-up of a
 * thread's variable costs as much as all the counting. */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct cz__meter *mine;

void cz__meter_here(struct cz__meter *meter)
{
    const uint64_t *freed;
    mine = meter;
    if (meter == NULL)
        return;
    cz__store_relaxed(&meter->block->thread, cz__thread_id());
    if (!meter->stats->segment->counts_memory || !cz__arena_counters(&meter->allocated, &freed))
        meter->allocated = NULL;
}

void cz__meter_leave(struct cz__meter *meter)
{
    mine = NULL;
    if (meter == NULL)
        return;
    pthread_mutex_lock(&meter->stats->lock);
    cz__store_relaxed(&meter->block->started, 0);
    cz__store_relaxed(&meter->block->here, CZ__METER_GONE);
    pthread_mutex_unlock(&meter->stats->lock);
}

void cz__stats_add(struct cz__stats *stats, uint32_t account, enum cz_count what, uint64_t n)
{
    if (stats && what < CZ_COUNTS)
        cz__add_relaxed(&cz__ledger_of(cz__shared_meter(stats), account)->counts[what], n);
}

void cz_type_count(const struct cz_type *type, uint32_t what, uint64_t n)
{
    if (!type->carrier)
        cz__stats_add(type->stats, type->account, what, n);
}

static void count_shared(const struct cz__stats *stats, const struct cz__ran *ran)
{
    struct cz__meter *meter = cz__shared_meter(stats);
    struct cz__ledger *ledger = cz__ledger_of(meter, ran->account);
    unsigned waited = cz__bucket(ran->waited);
    cz__add_relaxed(&meter->block->done, ran->calls);
    cz__add_relaxed(&meter->block->wait[ran->level].count[waited], ran->calls);
    cz__add_relaxed(&ledger->wait.count[waited], ran->calls);
    cz__add_relaxed(&ledger->run.count[cz__bucket(ran->ran)], ran->calls);
    if (ran->end < CZ_COUNTS)
        cz__add_relaxed(&ledger->counts[ran->end], ran->calls - ran->failed);
    if (ran->failed)
        cz__add_relaxed(&ledger->counts[CZ_COUNT_FAILED], ran->failed);
    cz__add_relaxed(&ledger->wait_ticks, ran->waited * ran->calls);
    cz__add_relaxed(&ledger->run_ticks, ran->total);
}

/* At the calling thread's own meter, if it has one here. */
CZ__INLINE struct cz__meter *count(const struct cz__stats *stats, const struct cz__ran *ran)
{
    if (mine && mine->stats == stats) {
        cz__meter_count(mine, ran);
        return mine;
    }
    count_shared(stats, ran);
    return cz__shared_meter(stats);
}

struct cz__meter *cz__stats_count(const struct cz__stats *stats, const struct cz__ran *ran)
{
    return count(stats, ran);
}

void cz__stats_begin(const struct cz_record *record)
{
    const struct cz_type *type = record->type;
    if (!mine || mine->stats != type->stats)
        return;
    if (cz__load_relaxed(&mine->block->started) == 0)
        cz__meter_begin(mine, type->account, record, record->started_at);
    else if (mine->allocated) { /* within another: what was allocated so far is that one's */
        cz__meter_allocated(mine, cz__load_relaxed(&mine->block->account));
        if (mine->runs)
            cz__runs_enter(mine->runs, record);
    }
}

void cz__stats_helped(void)
{
    if (mine && mine->runs)
        cz__runs_helped(mine->runs);
}

/* A run that goes on, as another try or in another way, has no figure yet. */
static void note_allocated(struct cz__meter *meter, const struct cz_record *record,
                           enum cz_count end)
{
    uint64_t bytes = cz__runs_leave(meter->runs, record);
    cz__figure_store(record->type->stats->figures, record->id,
                     end < CZ_COUNTS ? bytes : UINT64_MAX);
}

void cz__stats_ran(const struct cz_record *record, enum cz_count end)
{
    const struct cz_type *type = record->type;
    struct cz__meter *meter;
    struct cz__ran ran;
    if (type == NULL || type->stats == NULL)
        return;
    if (type->carrier) {
        if (mine && mine->runs && mine->stats == type->stats)
            cz__runs_leave(mine->runs, record);
        return;
    }
    ran = (struct cz__ran){
        .account = type->account,
        .level = record->level % CZ_LEVELS, /* what was never queued has none */
        .ran = cz__ticks_between(record->started_at, record->finished_at),
        .calls = 1,
        .end = end,
    };
    ran.total = ran.ran;
    if (record->queued_at)
        ran.waited = cz__ticks_between(record->queued_at, record->started_at);
    meter = count(type->stats, &ran);
    if (meter->runs)
        note_allocated(meter, record, end);
    if (cz__wanted(meter->until, record->finished_at))
        cz__trace_run(meter, record, end);
}
