#define _GNU_SOURCE
#include "stats.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "depots.h"
#include "os.h"
#include "pool.h"

enum { PERIOD_NS = 125000000 };

static const char magic[8] = "czstats\n";

/* All that have a segment, for the child of a fork. */
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cz__stats *all;
static uint64_t pools; /* made so far; guarded by all_lock */

/* Of the calling thread, if it is a worker. Read once per task: a general look-up of a
 * thread's variable costs as much as all the counting. */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct cz__meter *mine;

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

static void watch_forks(void)
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

static void add_account(struct cz__segment *segment, struct cz__account *accounts, uint32_t lane,
                        const char *name, size_t length)
{
    uint32_t index = cz__load_relaxed(&segment->accounts);
    memcpy(accounts[index].name, name, length);
    accounts[index].lane = lane;
    cz__store_release(&segment->accounts, index + 1); /* its fields come before it */
}

static struct cz__account *accounts_of(const struct cz__stats *stats)
{
    return (struct cz__account *)(void *)(stats->base + stats->segment->accounts_at);
}

static void enlist(struct cz__stats *stats)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
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

static void make_meters(struct cz__stats *stats, const struct cz__segment *layout)
{
    static const cz__count never;
    for (uint32_t i = 0; i < stats->meters_most; i++) {
        void *ring = stats->base + layout->rings_at + i * layout->ring_bytes;
        stats->meters[i] = (struct cz__meter){
            .stats = stats,
            .block = &stats->blocks[i],
            .base = stats->base,
            .ring = ring,
            .until = stats->control ? &stats->control->until : &never,
        };
    }
    cz__store_relaxed(&stats->blocks[stats->meters_most - 1].kind, CZ__METER_SHARED);
}

int cz__stats_create(const struct cz_pool_options *options, struct cz_pool *pool)
{
    /* Every native worker, the reserved one, every guest, and the shared one. */
    uint32_t meters = options->workers + 1 + options->guests + 1;
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
    stats->period_ticks = cz__ticks_of_ns(PERIOD_NS);
    pthread_mutex_init(&stats->lock, NULL);
    note_start(&layout);
    stats->next_sample = layout.started_ticks;
    memcpy(stats->segment, &layout, sizeof layout);
    add_account(stats->segment, accounts_of(stats), CZ_LANE_NATIVE, "(other)", 7);
    add_account(stats->segment, accounts_of(stats), CZ_LANE_PYTHON, "(other)", 7);
    enlist(stats);
    make_control(stats);
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
    pthread_mutex_destroy(&stats->lock);
    stats->pool->depot.release(stats);
}

/* --- meters and accounts ----------------------------------------------------------- */

struct cz__meter *cz__meter_take(struct cz__stats *stats, enum cz__meter_kind kind, uint32_t number)
{
    struct cz__meter *meter = NULL;
    if (stats == NULL)
        return NULL;
    pthread_mutex_lock(&stats->lock);
    for (uint32_t i = 0; meter == NULL && i + 1 < stats->meters_most; i++) {
        struct cz__block *block = &stats->blocks[i];
        uint32_t was = cz__load_relaxed(&block->kind);
        /* A guest may go on with the meter of one that has left. */
        if (was != CZ__METER_FREE && (was != kind || cz__load_relaxed(&block->here)))
            continue;
        if (was == CZ__METER_FREE)
            cz__store_relaxed(&block->number, number == UINT32_MAX ? stats->guests++ : number);
        cz__store_relaxed(&block->kind, kind);
        cz__store_relaxed(&block->here, CZ__METER_HERE);
        meter = &stats->meters[i];
    }
    pthread_mutex_unlock(&stats->lock);
    return meter;
}

void cz__meter_here(struct cz__meter *meter)
{
    mine = meter;
    if (meter)
        cz__store_relaxed(&meter->block->thread, cz__thread_id());
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

/* Of the name's bytes, those that are kept: whole characters. */
static size_t kept_bytes(const char *name)
{
    size_t length = strnlen(name, CZ__ACCOUNT_NAME);
    if (length == CZ__ACCOUNT_NAME)
        do
            length--;
        while (((unsigned char)name[length] & 0xc0) == 0x80);
    return length;
}

uint32_t cz_pool_account(struct cz_pool *pool, int lane, const char *name)
{
    struct cz__stats *stats = pool->stats;
    uint32_t other = lane == CZ_LANE_PYTHON, count, found;
    struct cz__account *accounts;
    size_t length = kept_bytes(name);
    if (stats == NULL)
        return other;
    accounts = accounts_of(stats);
    pthread_mutex_lock(&stats->lock);
    count = cz__load_relaxed(&stats->segment->accounts);
    for (found = 0; found < count; found++)
        if (accounts[found].lane == other && memcmp(accounts[found].name, name, length) == 0 &&
            accounts[found].name[length] == 0)
            break;
    if (found == count) {
        if (count < CZ__ACCOUNTS)
            add_account(stats->segment, accounts, other, name, length);
        else
            found = other;
    }
    pthread_mutex_unlock(&stats->lock);
    return found;
}

struct cz__ledger *cz__ledger_make(struct cz__meter *meter, uint32_t account)
{
    struct cz__stats *stats = meter->stats;
    _Atomic(uint32_t) *place = &meter->block->ledgers[account];
    uint32_t line;
    pthread_mutex_lock(&stats->lock);
    line = cz__load_relaxed(place);
    if (line == 0) {
        uint64_t ledger = 2 * (uint64_t)(meter - stats->meters) + account;
        if (account > 1)
            /* The two of the unnamed are sure, and stand in when the others are gone. */
            ledger = stats->ledgers < CZ__LEDGERS
                         ? 2 * stats->meters_most + stats->ledgers++
                         : ledger - account + accounts_of(stats)[account].lane;
        line = (uint32_t)((stats->ledgers_at + ledger * sizeof(struct cz__ledger)) / CZ_CACHE_LINE);
        cz__store_release(place, line);
    }
    pthread_mutex_unlock(&stats->lock);
    return (struct cz__ledger *)(void *)(meter->base + (uint64_t)line * CZ_CACHE_LINE);
}

/* --- counting where no worker is at home --------------------------------------------- */

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
    if (mine && mine->stats == type->stats && cz__load_relaxed(&mine->block->started) == 0)
        cz__meter_begin(mine, type->account, record->started_at);
}

void cz__stats_ran(const struct cz_record *record, enum cz_count end)
{
    const struct cz_type *type = record->type;
    struct cz__meter *meter;
    struct cz__ran ran;
    if (type == NULL || type->stats == NULL || type->carrier)
        return;
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
    if (cz__wanted(meter->until, record->finished_at))
        cz__trace_run(meter, record, end);
}

/* --- sampling ------------------------------------------------------------------------ */

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
    return stats == NULL || stats->quiet >= quiet ? -1 : PERIOD_NS;
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
