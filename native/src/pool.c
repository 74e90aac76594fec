#include "pool.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "delay.h"
#include "limit.h"
#include "os.h"
#include "stop.h"

enum {
    DEFAULT_STACK = 8 << 20,
    SHORT_NS = 20000,   /* a task expected to end within this keeps its worker looking out */
    BACKLOG_NS = 30000, /* about what it costs until a woken worker is of use */
    POLL_NS = 25000,    /* the last look-out polls this long before it sleeps */
    MOST_WORKERS = 1024,
};

/* What the thread allocates from now on comes from this arena. */
static void move_to(struct cz__thread *thread, uint32_t arena)
{
    uint32_t before;
    if (arena == thread->arena)
        return;
    before = cz__arena_enter(arena == CZ__NO_ARENA ? thread->first_arena : arena);
    if (thread->arena == CZ__NO_ARENA)
        thread->first_arena = before;
    thread->arena = arena;
}

static void run_record(struct cz__thread *thread, struct cz_record *record)
{
    const struct cz_type *type = record->type;
    bool extra = cz__load_relaxed(&record->state) & CZ_EXTRA;
    uint64_t start = cz__ticks(), end;
    record->started_at = start;
    if (extra)
        cz__limit_begins(record);
    cz__meter_begin(thread->worker.meter, type->account, start);
    thread->held_before = cz__held(thread);
    cz__store_release(&thread->inside, record);
    record->status = type->entry(cz_payload(record), &record->error);
    cz__store_release(&thread->inside, NULL);
    end = cz__ticks();
    record->finished_at = end;
    cz__type_measure(type, end - start);
    cz__meter_end(thread->worker.meter, end - start);
    cz__record_end(&thread->worker.cache, record, record->status ? CZ_FAILED : CZ_COMPLETED);
}

static void serve(struct cz__thread *thread, struct cz_record *record)
{
    struct cz__worker *worker = &thread->worker;
    struct cz_lane *lane = worker->lane;
    const struct cz_type *type = record->type;
    bool brief = worker->levels < CZ_LEVELS || cz__lane_is_short(lane, type);
    if (!type->batch && !cz_record_start(record)) {
        cz_record_release(&worker->cache, record);
        return;
    }
    move_to(thread, cz__type_arena(type));
    thread->running = record;
    thread->in_long = !brief;
    if (!brief)
        cz__lane_enter_long(lane);
    if (type->batch)
        cz__batch_serve(thread, record);
    else
        run_record(thread, record);
    if (!brief)
        cz__lane_leave_long(lane);
}

/* The stop handler has jumped out of the code that ran: end what it was. */
static void end_stopped(struct cz__thread *thread)
{
    struct cz_record *record = thread->running;
    uint32_t phase = CZ_CANCELLED;
    uint64_t left = cz__held(thread) - thread->held_before;
    if ((int64_t)left > 0)
        cz__add_relaxed(&thread->pool->left, left);
    if (record->type->batch) {
        cz__batch_stopped(thread, record);
    } else {
        if (cz__load_acquire(&record->state) & CZ_STOP_TIMEOUT)
            phase = CZ_FAILED;
        record->finished_at = cz__ticks();
        cz__meter_end(thread->worker.meter, record->finished_at - record->started_at);
        cz__record_end(&thread->worker.cache, record, phase);
    }
    if (thread->in_long)
        cz__lane_leave_long(thread->worker.lane);
}

/* The last worker on the look-out polls a while: true if there is work. */
static bool poll(struct cz__worker *worker, struct cz__sleep *sleep)
{
    uint64_t until = cz__ticks() + worker->lane->poll_ticks;
    while (cz__lookouts(cz__sleep_counts(sleep)) == 1) {
        for (int i = 0; i < 8; i++)
            cz__pause();
        if (cz__lane_ready(worker->lane, worker->levels))
            return true;
        sched_yield(); /* the thread that is about to submit may be queued behind us */
        if ((int64_t)(until - cz__ticks()) <= 0)
            return false;
    }
    return false;
}

/* False: the lane is finished. */
static bool idle(struct cz__thread *thread)
{
    struct cz__worker *worker = &thread->worker;
    struct cz__sleep *sleep = thread->sleep;
    bool finished;
    if (poll(worker, sleep))
        return true;
    move_to(thread, CZ__NO_ARENA); /* its cache holds nothing of an arena while it sleeps */
    cz__sleep_prepare(sleep);
    /* In this order: a push may come between the two looks, but not after a finish. */
    finished = cz__lane_finished(worker->lane);
    if (!cz__lane_empty(worker->lane, worker->levels)) {
        cz__sleep_cancel(sleep);
        return true;
    }
    if (finished) {
        cz__sleep_cancel(sleep);
        return false;
    }
    cz__sleep_wait(sleep, -1);
    cz__clock_stir(worker->lane->clock);
    return true;
}

static void *thread_main(void *argument)
{
    struct cz__thread *thread = argument;
    struct cz__worker *worker = &thread->worker;
    struct cz_pool *pool = thread->pool;
    cz__stop_adopt(thread);
    if (!cz__arena_counters(&thread->allocated, &thread->freed))
        thread->allocated = thread->freed = NULL;
    if (worker->levels < CZ_LEVELS)
        cz__thread_start_soon();
    cz__meter_here(worker->meter);
    /* Once, not per task: a stopped task costs, the others pay nothing. Nothing local
     * changes between here and the jump, which lets the stop signal in again. */
    if (sigsetjmp(thread->landing, 1))
        end_stopped(thread);
    do {
        struct cz_record *record;
        while ((record = cz__lane_pick(worker->lane, worker->levels)))
            serve(thread, record);
    } while (idle(thread));
    cz__lookout_quit(thread->sleep);
    cz__cache_flush(&worker->cache);
    if (cz__sub_acqrel(&pool->alive, 1) == 1)
        cz__futex_wake(&pool->alive, 1 << 30);
    return NULL;
}

static int start_threads(struct cz_pool *pool, uint64_t stack_bytes)
{
    for (uint32_t i = 0; i <= pool->workers; i++) {
        struct cz__thread *thread = &pool->threads[i];
        bool reserved = i == pool->workers;
        char name[16] = "cz-critical";
        if (!reserved)
            snprintf(name, sizeof name, "cz-worker-%u", i % 10000);
        thread->pool = pool;
        thread->arena = CZ__NO_ARENA;
        thread->sleep = reserved ? &pool->reserved : &pool->native.sleep;
        thread->worker.lane = &pool->native;
        thread->worker.levels = reserved ? CZ_CRITICAL + 1 : CZ_LEVELS;
        thread->worker.meter = reserved ? cz__meter_take(pool->stats, CZ__METER_CRITICAL, 0)
                                        : cz__meter_take(pool->stats, CZ__METER_NATIVE, i);
        cz__cache_init(&thread->worker.cache, &pool->depot);
        /* On the look-out from before its start: nobody wakes it, it looks by itself. */
        cz__lookout_join(thread->sleep);
        cz__add_acqrel(&pool->alive, 1);
        if (cz__thread_start(&thread->thread, thread_main, thread, name, stack_bytes)) {
            cz__lookout_quit(thread->sleep);
            cz__sub_acqrel(&pool->alive, 1);
            return CZ_ETHREAD;
        }
        pool->started++;
    }
    return 0;
}

static void init_lane(struct cz_pool *pool, struct cz_lane *lane, bool native)
{
    lane->pool = pool;
    lane->depot = &pool->depot;
    lane->clock = &pool->clock;
    lane->short_ticks = cz__ticks_of_ns(SHORT_NS);
    lane->backlog_ticks = cz__ticks_of_ns(BACKLOG_NS);
    lane->poll_ticks = native ? cz__ticks_of_ns(POLL_NS) : 0;
    lane->reserved = native ? &pool->reserved : NULL;
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

/* False: blocks are out, so that pool, types and arenas stay. */
static bool close_depots(struct cz_pool *pool)
{
    uint64_t out = cz__depot_close(&pool->depot);
    struct cz_arena *arena = cz__load_acquire(&pool->arenas);
    cz__arena_give_back(pool->depot.arena);
    for (; arena; arena = arena->next) {
        out += cz__depot_close(&arena->depot);
        cz__arena_give_back(arena->depot.arena);
    }
    return out == 0;
}

static void free_arenas(struct cz_pool *pool)
{
    struct cz_arena *arena = cz__load_acquire(&pool->arenas);
    while (arena) {
        struct cz_arena *next = arena->next;
        pool->depot.release(arena);
        arena = next;
    }
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
    init_lane(pool, &pool->native, true);
    init_lane(pool, &pool->python, false);
    if (cz__stats_create(options, pool))
        goto fail_free_pool;
    pool->threads = cz__zalloc(&depot, (pool->workers + 1) * sizeof *pool->threads);
    if (pool->threads == NULL)
        goto fail_free_stats;
    if (cz__lane_init(&pool->native, options->queue_size, options->workers + 1))
        goto fail_free_threads;
    if (cz__lane_init(&pool->python, options->queue_size, options->guests))
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
    close_depots(pool);
    depot.release(pool);
    return result;
}

struct cz_lane *cz_pool_lane(struct cz_pool *pool, int kind)
{
    return kind == CZ_LANE_PYTHON ? &pool->python : &pool->native;
}

void cz_pool_close(struct cz_pool *pool)
{
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
    cz__lane_free(&pool->native);
    cz__lane_free(&pool->python);
    release(pool->threads);
    cz__stats_destroy(pool->stats);
    /* Handles that outlive the pool still read their record, its type and, when they are
     * dropped, the depot: those stay. */
    if (close_depots(pool)) {
        cz__extras_free(&pool->extras);
        free_arenas(pool);
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
    cz__clock_ring(&pool->clock);
    while ((record = cz_lane_take(&pool->native))) {
        if (record->type->batch) {
            cz__batch_abandon(record);
            cancelled++;
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

void cz_pool_memory(struct cz_pool *pool, uint64_t *bytes, uint64_t *blocks)
{
    struct cz__memory memory = cz__pool_memory(pool);
    *bytes = memory.bytes;
    *blocks = memory.blocks;
}

static void add_depot(struct cz__memory *memory, struct cz__depot *depot)
{
    pthread_mutex_lock(&depot->lock);
    memory->used += depot->bytes_out;
    memory->blocks += depot->blocks_out;
    pthread_mutex_unlock(&depot->lock);
}

struct cz__memory cz__pool_memory(struct cz_pool *pool)
{
    struct cz__memory memory = {0};
    struct cz_arena *arena = cz__load_acquire(&pool->arenas);
    add_depot(&memory, &pool->depot);
    for (; arena; arena = arena->next)
        add_depot(&memory, &arena->depot);
    memory.bytes = cz__load_relaxed(&pool->depot.budget->bytes);
    return memory;
}

uint64_t cz_pool_left(const struct cz_pool *pool)
{
    return pool->counts_left ? cz__load_relaxed(&pool->left) : UINT64_MAX;
}

static struct cz_arena *find_arena(struct cz_pool *pool, const char *name)
{
    struct cz_arena *arena = cz__load_acquire(&pool->arenas);
    while (arena && strcmp(arena->name, name))
        arena = arena->next;
    return arena;
}

static struct cz_arena *make_arena(struct cz_pool *pool, const char *name)
{
    size_t length = strlen(name) + 1;
    uint32_t number = pool->depot.arena == CZ__NO_ARENA ? CZ__NO_ARENA : cz__arena_take();
    struct cz_arena *arena;
    if (number == CZ__NO_ARENA)
        return NULL;
    arena = cz__zalloc(&pool->depot, sizeof *arena + length);
    if (arena == NULL) {
        cz__arena_give_back(number);
        return NULL;
    }
    cz__depot_init_arena(&arena->depot, &pool->depot, number);
    memcpy(arena->name, name, length);
    arena->next = cz__load_relaxed(&pool->arenas);
    cz__store_release(&pool->arenas, arena);
    return arena;
}

struct cz_arena *cz_pool_arena(struct cz_pool *pool, const char *name)
{
    struct cz_arena *arena;
    pthread_mutex_lock(&pool->types_lock);
    arena = find_arena(pool, name);
    if (arena == NULL)
        arena = make_arena(pool, name);
    pthread_mutex_unlock(&pool->types_lock);
    return arena;
}

uint32_t cz_arena_number(struct cz_pool *pool, const struct cz_arena *arena)
{
    return arena ? arena->depot.arena : pool->depot.arena;
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

struct cz_cache *cz_cache_create(struct cz_pool *pool)
{
    struct cz_cache *cache = cz__zalloc(&pool->depot, sizeof *cache);
    if (cache)
        cz__cache_init(cache, &pool->depot);
    return cache;
}

void cz_cache_destroy(struct cz_cache *cache)
{
    void (*release)(void *) = cache->depot->release;
    cz__cache_flush(cache);
    release(cache);
}
