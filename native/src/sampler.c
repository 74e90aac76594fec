#include "stats.h"

#include "depots.h"
#include "os.h"
#include "pool.h"

/* What nobody counts as it happens is looked at here: depths, memory, who is busy. */

static bool refresh_depths(struct cz__stats *stats)
{
    struct cz_lane *lanes[] = {&stats->pool->native, &stats->pool->python};
    bool empty = true;
    for (unsigned lane = 0; lane < 2; lane++)
        for (unsigned level = 0; level < CZ_LEVELS; level++) {
            uint64_t depth = cz__queue_depth(&lanes[lane]->queues[level]);
            /* Head and tail are read one after the other: it may come out below zero. */
            cz__store_relaxed(&stats->segment->depth[lane][level], (int64_t)depth < 0 ? 0 : depth);
            empty &= depth == 0;
        }
    return empty;
}

static void refresh_memory(struct cz__stats *stats)
{
    struct cz__memory memory = cz__pool_memory(stats->pool);
    cz__store_relaxed(&stats->segment->memory_bytes, memory.bytes);
    cz__store_relaxed(&stats->segment->memory_used, memory.used);
    cz__store_relaxed(&stats->segment->memory_blocks, memory.blocks);
}

static void refresh_rate(struct cz__segment *segment)
{
    int64_t ns = cz__monotonic_ns() - segment->started_ns;
    uint64_t ticks = cz__ticks() - segment->started_ticks;
    if (ns > 20000000) /* sooner the rate known from before is the better one */
        cz__store_relaxed(&segment->ticks_per_s, (uint64_t)((double)ticks * 1e9 / (double)ns));
}

void cz__stats_refresh(struct cz__stats *stats)
{
    refresh_depths(stats);
    refresh_memory(stats);
    refresh_rate(stats->segment);
}

/* True: somebody is inside a task. */
static bool sample_meters(struct cz__stats *stats, uint64_t slot, uint64_t now)
{
    bool running = false;
    for (uint32_t i = 0; i < stats->meters_most; i++) {
        struct cz__block *block = &stats->blocks[i];
        uint64_t started, busy;
        if (cz__load_relaxed(&block->kind) == CZ__METER_FREE)
            continue;
        busy = cz__load_relaxed(&block->busy);
        started = cz__load_relaxed(&block->started);
        if (started) {
            running = true;
            busy += cz__ticks_between(started, now);
        }
        cz__store_relaxed(&block->sums[slot].busy, busy);
        cz__store_relaxed(&block->sums[slot].done, cz__load_relaxed(&block->done));
    }
    return running;
}

void cz__stats_sample(struct cz__stats *stats)
{
    uint64_t now = cz__ticks(), sample;
    bool running, empty;
    if (stats == NULL || (int64_t)(now - stats->next_sample) < 0)
        return;
    stats->next_sample = now + stats->period_ticks;
    sample = cz__load_relaxed(&stats->segment->samples);
    cz__store_relaxed(&stats->segment->sampled_at[sample % CZ__SAMPLES], now);
    running = sample_meters(stats, sample % CZ__SAMPLES, now);
    cz__store_release(&stats->segment->samples, sample + 1); /* after what it counts */
    empty = refresh_depths(stats);
    refresh_memory(stats);
    refresh_rate(stats->segment);
    stats->quiet = empty && !running ? stats->quiet + 1 : 0;
}

uint32_t cz__stats_quiet(const struct cz__stats *stats)
{
    return stats ? stats->quiet : 0;
}

int64_t cz__stats_patience_ns(const struct cz__stats *stats, uint32_t quiet)
{
    return stats == NULL || stats->quiet >= quiet ? -1 : CZ__SAMPLE_NS;
}

int cz_pool_stats(struct cz_pool *pool, const void **segment, uint64_t *bytes)
{
    if (pool->stats == NULL)
        return 0;
    cz__stats_refresh(pool->stats);
    *segment = pool->stats->base;
    *bytes = pool->stats->segment_bytes;
    return 1;
}
