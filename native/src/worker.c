#include "worker.h"

#include <sched.h>

#include "bell.h"
#include "bundle.h"
#include "chunk.h"
#include "ending.h"
#include "fork.h"
#include "limit.h"
#include "open_loop.h"
#include "os.h"
#include "pool.h"
#include "stop.h"

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

/* What others have allocated for a run is not known to the worker that it is counted at. */
static void note_help(struct cz__thread *thread)
{
    if (thread->worker.meter && thread->worker.meter->runs && cz__fork_was_helped(thread))
        cz__stats_helped();
}

uint64_t cz__worker_run(struct cz__thread *thread, struct cz_record *record, uint64_t start)
{
    const struct cz_type *type = record->type;
    bool extra = cz__load_relaxed(&record->state) & CZ_EXTRA;
    uint64_t end;
    thread->running = record;
    record->started_at = start;
    if (extra)
        cz__limit_begins(record);
    cz__meter_begin(thread->worker.meter, type->account, record, start);
    thread->held_before = cz__held(thread);
    cz__store_release(&thread->inside, record);
    record->status = type->entry(cz_payload(record), &record->error);
    cz__store_release(&thread->inside, NULL);
    end = cz__ticks();
    record->finished_at = end;
    cz__type_measure(type, end - start);
    cz__meter_end(thread->worker.meter, end - start);
    note_help(thread);
    cz__record_ran(&thread->worker.cache, record);
    return end;
}

void cz__worker_serve(struct cz__thread *thread, struct cz_record *record)
{
    struct cz__worker *worker = &thread->worker;
    struct cz_lane *lane = worker->lane;
    const struct cz_type *type = record->type;
    bool brief = thread->apart || cz__lane_is_short(lane, type);
    if (!type->batch && !type->bundle && !cz_record_start(record)) {
        cz_record_release(&worker->cache, record);
        return;
    }
    move_to(thread, cz__type_arena(type));
    thread->running = record;
    thread->in_long = !brief;
    if (!brief)
        cz__lane_enter_long(lane);
    if (type->batch)
        cz__chunk_serve(thread, record);
    else if (type->bundle)
        cz__bundle_serve(thread, record);
    else
        cz__worker_run(thread, record, cz__ticks());
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
    if (cz__fork_stopped(thread)) {
        cz__lane_leave_long(thread->worker.lane);
        return;
    }
    if (record->type->batch) {
        cz__batch_stopped(thread, record);
    } else {
        if (cz__load_acquire(&record->state) & CZ_STOP_TIMEOUT)
            phase = CZ_FAILED;
        record->finished_at = cz__ticks();
        cz__meter_end(thread->worker.meter, record->finished_at - record->started_at);
        note_help(thread);
        cz__record_end(&thread->worker.cache, record, phase);
    }
    if (thread->in_long)
        cz__lane_leave_long(thread->worker.lane);
}

/* There is something that no queue has. */
static bool may_help(struct cz__thread *thread)
{
    return cz__fork_ready(thread) || cz__open_loop_ready(thread);
}

/* The last worker on the look-out polls a while: true if there is work. */
static bool poll(struct cz__thread *thread, struct cz__sleep *sleep)
{
    struct cz__worker *worker = &thread->worker;
    uint64_t until = cz__ticks() + worker->lane->poll_ticks;
    while (cz__lookouts(cz__sleep_counts(sleep)) == 1) {
        for (int i = 0; i < 8; i++)
            cz__pause();
        if (cz__lane_ready(worker->lane, worker->levels) || may_help(thread))
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
    if (poll(thread, sleep))
        return true;
    move_to(thread, CZ__NO_ARENA); /* its cache holds nothing of an arena while it sleeps */
    cz__sleep_prepare(sleep);
    /* In this order: a push may come between the two looks, but not after a finish. */
    finished = cz__lane_finished(worker->lane);
    if (!cz__lane_empty(worker->lane, worker->levels)) {
        cz__sleep_cancel(sleep);
        cz__lane_await_entry(worker->lane, worker->levels, &thread->turns);
        return true;
    }
    if (finished) {
        cz__sleep_cancel(sleep);
        return false;
    }
    if (may_help(thread)) {
        cz__sleep_cancel(sleep);
        return true;
    }
    cz__sleep_wait(sleep, -1);
    cz__bell_stir(worker->lane->bell);
    return true;
}

void *cz__worker_main(void *argument)
{
    struct cz__thread *thread = argument;
    struct cz__worker *worker = &thread->worker;
    struct cz_pool *pool = thread->pool;
    cz__stop_adopt(thread);
    cz__fork_adopt(thread);
    thread->stack_base = (uintptr_t)&pool;
    if (!cz__arena_counters(&thread->allocated, &thread->freed))
        thread->allocated = thread->freed = NULL;
    if (thread->apart)
        cz__thread_start_soon();
    if (worker->meter)
        cz__meter_here(worker->meter);
    /* Once, not per task: a stopped task costs, the others pay nothing. Nothing local
     * changes between here and the jump, which lets the stop signal in again. */
    if (sigsetjmp(thread->landing, 1))
        end_stopped(thread);
    if (thread->bundle)
        cz__bundle_go_on(thread);
    if (thread->relieves)
        while (cz__relief_park(thread))
            cz__relief_serve(thread);
    else
        do {
            struct cz_record *record;
            do {
                while ((record = cz__lane_pick(worker->lane, worker->levels)))
                    cz__worker_serve(thread, record);
            } while (cz__fork_steal(thread) || cz__open_loop_help(thread));
        } while (idle(thread));
    cz__lookout_quit(thread->sleep);
    cz__cache_flush(&worker->cache);
    if (cz__sub_acqrel(&pool->alive, 1) == 1)
        cz__futex_wake(&pool->alive, 1 << 30);
    return NULL;
}
