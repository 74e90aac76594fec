#include "pool.h"

#include <stdio.h>

#include "batch.h"
#include "bundle.h"
#include "fork.h"
#include "open_loop.h"
#include "delay.h"
#include "depots.h"
#include "os.h"
#include "stop.h"
#include "worker.h"

enum {
    DEFAULT_STACK = 8 << 20,
    SHORT_NS = 20000,   /* a task expected to end within this keeps its worker looking out */
    BACKLOG_NS = 30000, /* about what it costs until a woken worker is of use */
    POLL_NS = 25000,    /* the last look-out polls this long before it sleeps */
    MOST_WORKERS = 1024,
};

/* Give the thread its place: of the ordinary workers, the reserved one, or a relief worker. */
static void place(struct cz_pool *pool, uint32_t index, char name[16])
{
    struct cz__thread *thread = &pool->threads[index];
    struct cz_lane *lane = &pool->native;
    unsigned level = index - pool->workers;
    if (index < pool->workers) {
        snprintf(name, 16, "cz-worker-%u", index % 10000);
        thread->sleep = &lane->sleep;
        thread->worker.levels = CZ_LEVELS;
        thread->worker.meter = cz__meter_take(pool->stats, CZ__METER_NATIVE, index);
        return;
    }
    thread->apart = true;
    thread->worker.levels = level + 1;
    if (level == CZ_CRITICAL) {
        snprintf(name, 16, "cz-critical");
        thread->sleep = &pool->reserved;
        thread->worker.meter = cz__meter_take(pool->stats, CZ__METER_CRITICAL, 0);
        return;
    }
    snprintf(name, 16, "cz-relief-%u", level % CZ_LEVELS);
    thread->relieves = true;
    thread->sleep = &lane->relief.sleep[level];
    cz__or_acqrel(&lane->relief.present, 1u << level);
}

static uint32_t most_threads(const struct cz_pool *pool)
{
    return pool->workers + (pool->native.relief.on ? CZ_LEVELS : 1);
}

static int start_threads(struct cz_pool *pool, uint64_t stack_bytes)
{
    for (uint32_t i = 0; i < pool->threads_most; i++) {
        struct cz__thread *thread = &pool->threads[i];
        char name[16];
        thread->pool = pool;
        thread->arena = CZ__NO_ARENA;
        thread->worker.lane = &pool->native;
        cz__cache_init(&thread->worker.cache, &pool->depot);
        place(pool, i, name);
        /* On the look-out from before its start: nobody wakes it, it looks by itself. */
        cz__lookout_join(thread->sleep);
        cz__add_acqrel(&pool->alive, 1);
        if (cz__thread_start(&thread->thread, cz__worker_main, thread, name, stack_bytes)) {
            cz__lookout_quit(thread->sleep);
            cz__sub_acqrel(&pool->alive, 1);
            return CZ_ETHREAD;
        }
        pool->started++;
    }
    return 0;
}

static void init_lane(struct cz_pool *pool, struct cz_lane *lane, bool native, bool relief)
{
    lane->pool = pool;
    lane->depot = &pool->depot;
    lane->bell = &pool->clock.bell;
    lane->short_ticks = cz__ticks_of_ns(SHORT_NS);
    lane->backlog_ticks = cz__ticks_of_ns(BACKLOG_NS);
    lane->poll_ticks = native ? cz__ticks_of_ns(POLL_NS) : 0;
    lane->relief.on = relief;
    lane->reserved = native ? &pool->reserved : relief ? &lane->relief.sleep[CZ_CRITICAL] : NULL;
}

static void close_lanes(struct cz_pool *pool)
{
    cz__lane_close(&pool->native);
    cz__lane_close(&pool->python);
}

static void join_threads(struct cz_pool *pool)
{
    for (uint32_t i = 0; i < pool->started; i++)
        pthread_join(pool->threads[i].thread, NULL);
}

static void free_types(struct cz_pool *pool)
{
    while (pool->types) {
        struct cz_type *next = pool->types->next;
        pool->depot.release(pool->types);
        pool->types = next;
    }
    pthread_mutex_destroy(&pool->types_lock);
}

static bool valid(const struct cz_pool_options *options)
{
    return options->size == sizeof *options && options->workers >= 1 &&
           options->workers <= MOST_WORKERS && options->guests >= 1 &&
           options->guests <= MOST_WORKERS && options->queue_size >= 1 &&
           options->queue_size <= (uint64_t)1 << 31;
}

int cz_pool_create(const struct cz_pool_options *options, struct cz_pool **out)
{
    struct cz__depot depot;
    struct cz_pool *pool;
    int result = CZ_ENOMEM;
    if (!valid(options))
        return CZ_EINVAL;
    cz__ticks_setup();
    cz__depot_init(&depot, options->allocate, options->release, options->memory_limit);
    pool = cz__zalloc(&depot, sizeof *pool);
    if (pool == NULL)
        return CZ_ENOMEM;
    cz__depot_init(&pool->depot, options->allocate, options->release, options->memory_limit);
    if (options->allocate == NULL)
        pool->depot.arena = cz__arena_take();
    pool->counts_left = cz__arena_counters(&(const uint64_t *){0}, &(const uint64_t *){0});
    pthread_mutex_init(&pool->types_lock, NULL);
    pthread_mutex_init(&pool->join_lock, NULL);
    pool->workers = options->workers;
    cz__extras_init(&pool->extras, &pool->depot);
    cz__stop_setup();
    init_lane(pool, &pool->native, true, options->relief);
    init_lane(pool, &pool->python, false, options->relief);
    if (cz__stats_create(options, pool))
        goto fail_free_pool;
    pool->threads_most = most_threads(pool);
    pool->threads = cz__zalloc(&depot, pool->threads_most * sizeof *pool->threads);
    if (pool->threads == NULL)
        goto fail_free_stats;
    if (cz__lane_init(&pool->native, options->queue_size, pool->threads_most))
        goto fail_free_threads;
    if (cz__lane_init(&pool->python, options->queue_size, options->guests + CZ_LEVELS))
        goto fail_free_native;
    result = cz__clock_start(pool);
    if (result)
        goto fail_free_python;
    result = start_threads(pool, options->stack_bytes ? options->stack_bytes : DEFAULT_STACK);
    if (result)
        goto fail_stop;
    *out = pool;
    return 0;

fail_stop:
    close_lanes(pool);
    join_threads(pool);
    cz__clock_stop(&pool->clock);
fail_free_python:
    cz__lane_free(&pool->python);
fail_free_native:
    cz__lane_free(&pool->native);
fail_free_threads:
    depot.release(pool->threads);
fail_free_stats:
    cz__stats_destroy(pool->stats);
fail_free_pool:
    cz__extras_free(&pool->extras);
    free_types(pool);
    pthread_mutex_destroy(&pool->join_lock);
    cz__depots_close(pool);
    depot.release(pool);
    return result;
}

struct cz_lane *cz_pool_lane(struct cz_pool *pool, int kind)
{
    return kind == CZ_LANE_PYTHON ? &pool->python : &pool->native;
}

void cz_pool_close(struct cz_pool *pool)
{
    cz__open_loops_leave(pool);
    close_lanes(pool);
}

int cz_pool_join(struct cz_pool *pool, int64_t timeout_ns)
{
    int64_t until = timeout_ns < 0 ? -1 : cz__monotonic_ns() + timeout_ns;
    uint32_t alive;
    while ((alive = cz__load_acquire(&pool->alive))) {
        int64_t left = -1;
        if (until >= 0 && (left = until - cz__monotonic_ns()) <= 0)
            return CZ_ETIMEDOUT;
        if (cz__futex_wait(&pool->alive, alive, left) == CZ_EINTR)
            return CZ_EINTR;
    }
    pthread_mutex_lock(&pool->join_lock);
    if (!pool->joined) {
        join_threads(pool);
        cz__clock_stop(&pool->clock);
        cz__stats_unpublish(pool->stats);
        pool->joined = true;
    }
    pthread_mutex_unlock(&pool->join_lock);
    return 0;
}

void cz_pool_destroy(struct cz_pool *pool)
{
    void (*release)(void *) = pool->depot.release;
    cz__open_loops_leave(pool); /* it may have become one after the close */
    cz__lane_free(&pool->native);
    cz__lane_free(&pool->python);
    cz__forks_free(pool);
    release(pool->threads);
    cz__stats_destroy(pool->stats);
    /* Handles that outlive the pool still read their record, its type and, when they are
     * dropped, the depot: those stay. */
    if (cz__depots_close(pool)) {
        cz__extras_free(&pool->extras);
        cz__depots_free(pool);
        free_types(pool);
        pthread_mutex_destroy(&pool->join_lock);
        release(pool);
    }
}

uint64_t cz_pool_cancel_pending(struct cz_pool *pool)
{
    struct cz_cache cache;
    struct cz_record *record;
    uint64_t cancelled = 0;
    cz__cache_init(&cache, &pool->depot);
    /* For the batches whose tickets are all with workers. */
    cz__add_acqrel(&pool->native.cancels, 1);
    cancelled += cz__delays_cancel(&pool->extras);
    cz__bell_ring(&pool->clock.bell);
    while ((record = cz_lane_take(&pool->native))) {
        if (record->type->batch) {
            cz__batch_abandon(record);
            cancelled++;
            continue;
        }
        if (record->type->bundle) {
            cancelled += cz__bundle_abandon(&cache, record);
            continue;
        }
        cancelled += (uint64_t)cz_record_cancel(record);
        cz_record_release(&cache, record);
    }
    cz__cache_flush(&cache);
    return cancelled;
}

uint32_t cz_pool_stop_running(struct cz_pool *pool)
{
    uint32_t inside = 0;
    pthread_mutex_lock(&pool->join_lock);
    if (!pool->joined)
        inside = cz__stop_all(pool);
    pthread_mutex_unlock(&pool->join_lock);
    return inside;
}

uint64_t cz_pool_delayed(struct cz_pool *pool, void **owners, uint64_t room, uint64_t *retrying)
{
    return cz__delays_waiting(&pool->extras, owners, room, retrying);
}

uint32_t cz_pool_workers(const struct cz_pool *pool)
{
    return pool->workers;
}

void cz_type_arena(struct cz_type *type, struct cz_arena *arena)
{
    type->arena = arena;
}

struct cz_type *cz_type_create(struct cz_pool *pool, cz_entry entry, uint64_t payload_size,
                               void *owner)
{
    int class_index = payload_size > CZ__BLOCK_MAX
                          ? -1
                          : cz__class_of(CZ_PREFIX + sizeof(struct cz_record) + payload_size);
    struct cz_type *type;
    if (class_index < 0)
        return NULL;
    type = cz__zalloc(&pool->depot, sizeof *type);
    if (type == NULL)
        return NULL;
    type->owner = owner;
    type->pool = pool;
    type->lane = entry ? &pool->native : &pool->python;
    type->extras = &pool->extras;
    type->bell = &pool->clock.bell;
    type->entry = entry;
    type->class_index = (unsigned)class_index;
    type->stats = pool->stats;
    type->account = entry == NULL; /* the unnamed of its lane */
    pthread_mutex_lock(&pool->types_lock);
    type->next = pool->types;
    pool->types = type;
    pthread_mutex_unlock(&pool->types_lock);
    return type;
}

void cz_type_set_rerun(struct cz_type *type, int32_t status)
{
    type->rerun = status;
}

void cz_type_set_interruptible(struct cz_type *type)
{
    type->interruptible = true;
}

void cz_type_set_carrier(struct cz_type *type)
{
    type->carrier = true;
}

void cz_type_account(struct cz_type *type, uint32_t account)
{
    type->account = account;
    if (account == CZ_UNCOUNTED)
        type->stats = NULL;
}
