#define _GNU_SOURCE
#include "stats.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "os.h"
#include "pool.h"

/* How a pool's segment comes to be, is found by others, and ends: also across a fork. */

static const char magic[8] = "czstats\n";

/* All that have a segment, for the child of a fork. */
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cz__stats *all;
static uint64_t pools; /* made so far; guarded by all_lock */

static uint64_t round_line(uint64_t bytes)
{
    return (bytes + CZ_CACHE_LINE - 1) / CZ_CACHE_LINE * CZ_CACHE_LINE;
}

/* --- fork -------------------------------------------------------------------------- */

static void before_fork(void)
{
    pthread_mutex_lock(&all_lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&all_lock);
}

/* The child must not count in its parent's segment, nor look like a runtime. The thread
 * that forked may be a worker inside a task, so the addresses stay valid. */
static void after_fork_in_child(void)
{
    pthread_mutex_init(&all_lock, NULL);
    for (struct cz__stats *stats = all; stats; stats = stats->next) {
        pthread_mutex_init(&stats->lock, NULL);
        cz__segment_detach(stats->base, stats->segment_bytes, &stats->fd);
        if (stats->control)
            cz__segment_detach(stats->control, CZ__CONTROL_BYTES, &stats->control_fd);
    }
}

/* Before there is anything to lock: a fork may come at any time. */
__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* --- life -------------------------------------------------------------------------- */

static void lay_out(struct cz__segment *layout, const struct cz_pool_options *options,
                    uint32_t meters)
{
    memset(layout, 0, sizeof *layout);
    memcpy(layout->magic, magic, sizeof magic);
    layout->version = CZ__STATS_VERSION;
    layout->byte_order = 0x01020304;
    layout->workers = options->workers;
    layout->guests = options->guests;
    layout->meters = meters;
    layout->accounts_most = CZ__ACCOUNTS;
    layout->levels = CZ_LEVELS;
    layout->bucket_bits = CZ__BUCKET_BITS;
    layout->buckets = CZ__BUCKETS;
    layout->samples_most = CZ__SAMPLES;
    layout->queue_size = options->queue_size;
    layout->accounts_at = round_line(sizeof *layout);
    layout->account_bytes = sizeof(struct cz__account);
    layout->meters_at = layout->accounts_at + CZ__ACCOUNTS * layout->account_bytes;
    layout->meter_bytes = sizeof(struct cz__block);
    layout->ledgers_at = layout->meters_at + meters * layout->meter_bytes;
    layout->ledger_bytes = sizeof(struct cz__ledger);
    layout->rings_at = layout->ledgers_at + (2 * meters + CZ__LEDGERS) * layout->ledger_bytes;
    layout->ring_bytes = sizeof(struct cz__ring);
    layout->ring_events = CZ__EVENTS;
    layout->bytes = layout->rings_at + meters * layout->ring_bytes;
}

static void note_start(struct cz__segment *segment)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    segment->started_unix_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    segment->started_ns = cz__monotonic_ns();
    segment->started_ticks = cz__ticks();
    segment->pid = (uint64_t)getpid();
    cz__store_relaxed(&segment->ticks_per_s, cz__ticks_of_ns(1000000000));
}

static void enlist(struct cz__stats *stats)
{
    pthread_mutex_lock(&all_lock);
    stats->segment->number = ++pools;
    stats->next = all;
    all = stats;
    pthread_mutex_unlock(&all_lock);
}

/* Without a control nobody traces the pool, which is no reason to fail. */
static void make_control(struct cz__stats *stats)
{
    struct cz__control *control = NULL;
    stats->control_fd = -1;
    if (stats->fd >= 0)
        control = cz__control_map("catzilla_jit_trace", CZ__CONTROL_BYTES, &stats->control_fd);
    if (control == NULL)
        return;
    memcpy(control->magic, "cztrace\n", sizeof control->magic);
    control->version = CZ__STATS_VERSION;
    control->pid = stats->segment->pid;
    control->number = stats->segment->number;
    stats->control = control;
}

/* Without them nothing is known of single runs, which is no reason to fail. */
static void make_figures(struct cz__stats *stats)
{
    uint64_t bytes = CZ__FIGURES * sizeof *stats->figures, all = bytes;
    while (all < bytes + stats->meters_most * sizeof(struct cz__runs))
        all *= 2;
    stats->figures = cz__os_map(all);
    stats->figures_bytes = all;
}

static void make_meters(struct cz__stats *stats, const struct cz__segment *layout)
{
    static const cz__count never;
    struct cz__runs *runs = (struct cz__runs *)(void *)(stats->figures + CZ__FIGURES);
    for (uint32_t i = 0; i < stats->meters_most; i++) {
        void *ring = stats->base + layout->rings_at + i * layout->ring_bytes;
        stats->meters[i] = (struct cz__meter){
            .stats = stats,
            .block = &stats->blocks[i],
            .base = stats->base,
            .ring = ring,
            .until = stats->control ? &stats->control->until : &never,
            .runs = stats->figures ? &runs[i] : NULL,
        };
    }
    cz__store_relaxed(&stats->blocks[stats->meters_most - 1].kind, CZ__METER_SHARED);
}

int cz__stats_create(const struct cz_pool_options *options, struct cz_pool *pool)
{
    /* Every native worker, the reserved one, every guest, those for relief in both lanes, and the
     * shared one. */
    uint32_t relief = options->relief ? 2 * CZ_LEVELS - 1 : 0;
    uint32_t meters = options->workers + 1 + options->guests + relief + 1;
    struct cz__segment layout;
    struct cz__stats *stats;
    if (options->without_stats)
        return 0;
    stats = cz__zalloc(&pool->depot, sizeof *stats + meters * sizeof *stats->meters);
    if (stats == NULL)
        return CZ_ENOMEM;
    lay_out(&layout, options, meters);
    stats->base = cz__segment_map("catzilla_jit", layout.bytes, &stats->fd);
    if (stats->base == NULL) {
        pool->depot.release(stats);
        return CZ_ENOMEM;
    }
    stats->segment_bytes = layout.bytes;
    stats->ledgers_at = layout.ledgers_at;
    stats->segment = (struct cz__segment *)(void *)stats->base;
    stats->blocks = (struct cz__block *)(void *)(stats->base + layout.meters_at);
    stats->meters = (struct cz__meter *)(stats + 1);
    stats->meters_most = meters;
    stats->pool = pool;
    stats->period_ticks = cz__ticks_of_ns(CZ__SAMPLE_NS);
    pthread_mutex_init(&stats->lock, NULL);
    note_start(&layout);
    layout.counts_memory = options->count_memory && pool->counts_left; /* it is on jemalloc */
    stats->next_sample = layout.started_ticks;
    memcpy(stats->segment, &layout, sizeof layout);
    cz__account_add(stats->segment, cz__accounts_of(stats), CZ_LANE_NATIVE, "(other)", 7);
    cz__account_add(stats->segment, cz__accounts_of(stats), CZ_LANE_PYTHON, "(other)", 7);
    enlist(stats);
    make_control(stats);
    if (layout.counts_memory)
        make_figures(stats);
    make_meters(stats, &layout);
    pool->stats = stats;
    return 0;
}

void cz__stats_unpublish(struct cz__stats *stats)
{
    if (stats == NULL)
        return;
    pthread_mutex_lock(&all_lock);
    if (stats->fd >= 0)
        close(stats->fd);
    if (stats->control_fd >= 0)
        close(stats->control_fd);
    stats->fd = stats->control_fd = -1;
    pthread_mutex_unlock(&all_lock);
}

void cz__stats_destroy(struct cz__stats *stats)
{
    struct cz__stats **link = &all;
    if (stats == NULL)
        return;
    cz__stats_unpublish(stats);
    pthread_mutex_lock(&all_lock);
    while (*link != stats)
        link = &(*link)->next;
    *link = stats->next;
    pthread_mutex_unlock(&all_lock);
    cz__os_unmap(stats->base, stats->segment_bytes);
    if (stats->control)
        cz__os_unmap(stats->control, CZ__CONTROL_BYTES);
    if (stats->figures)
        cz__os_unmap(stats->figures, stats->figures_bytes);
    pthread_mutex_destroy(&stats->lock);
    stats->pool->depot.release(stats);
}
