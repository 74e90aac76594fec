#include "bundle.h"

#include <string.h>

#include "os.h"
#include "pool.h"

enum { MOST_AT_ONCE = 64 };

static void let_go(struct cz__bundle *bundle)
{
    if (cz__sub_acqrel(&bundle->holds, 1) == 1)
        bundle->lane->pool->depot.release(bundle);
}

static struct cz__bundle *create(struct cz_lane *lane, struct cz_record *const *records, uint32_t n,
                                 uint32_t level)
{
    struct cz__bundle *bundle =
        cz__zalloc(&lane->pool->depot, sizeof *bundle + n * sizeof *bundle->records);
    if (bundle == NULL)
        return NULL;
    bundle->lane = lane;
    bundle->of = records[0]->type;
    bundle->cancels = cz__load_acquire(&lane->cancels);
    bundle->length = n;
    bundle->holds = 1;
    memcpy(bundle->records, records, n * sizeof *records);
    bundle->type.pool = lane->pool;
    bundle->type.arena = bundle->of->arena;
    bundle->type.bundle = bundle;
    cz__store_relaxed(&bundle->type.mean, cz__type_mean(bundle->of));
    bundle->ticket.type = &bundle->type;
    bundle->ticket.level = (uint16_t)level;
    return bundle;
}

int cz_lane_push_bundle(struct cz_lane *lane, struct cz_record *const *records, uint32_t n,
                        uint32_t level)
{
    struct cz__bundle *bundle = create(lane, records, n, level);
    uint64_t now = cz__ticks(), depth, mean;
    int result;
    if (bundle == NULL)
        return CZ_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        records[i]->level = (uint16_t)level;
        records[i]->queued_at = now;
    }
    mean = cz__type_mean(bundle->of) * n;
    cz__lane_owe(lane); /* first: a close that comes after the push lets the workers wait */
    result = cz__queue_push(&lane->queues[level], &bundle->ticket, CZ__PUSH_NEW, &depth);
    if (result) {
        cz_lane_promise_kept(lane);
        let_go(bundle);
        return result;
    }
    cz__lane_notify(lane, mean, level, depth);
    return 0;
}

/* How many records run for no longer than a short task. One, if how long they run is not known. */
static uint32_t share(const struct cz__bundle *bundle)
{
    uint64_t mean = cz__type_mean(bundle->of);
    uint64_t fit = mean ? bundle->lane->short_ticks / mean : 1;
    uint32_t left = bundle->length - bundle->next;
    if (fit > MOST_AT_ONCE)
        fit = MOST_AT_ONCE;
    return fit < 1 ? 1 : fit < left ? (uint32_t)fit : left;
}

void cz__bundle_serve(struct cz__thread *thread, struct cz_record *ticket)
{
    struct cz__bundle *bundle = ticket->type->bundle;
    struct cz_lane *lane = bundle->lane;
    uint32_t taken;
    if (cz__load_acquire(&lane->cancels) != bundle->cancels) {
        cz__bundle_abandon(&thread->worker.cache, ticket);
        return;
    }
    taken = share(bundle);
    thread->bundle = bundle;
    thread->member = bundle->next;
    thread->member_end = bundle->next += taken;
    if (bundle->next < bundle->length) {
        cz__add_acqrel(&bundle->holds, 1);
        cz__store_relaxed(&bundle->type.mean, cz__type_mean(bundle->of) * taken);
        cz__lane_requeue(lane, ticket); /* from here on the ticket may be another worker's */
    } else {
        cz_lane_promise_kept(lane);
    }
    cz__bundle_go_on(thread);
}

/* The submitter has written both lines of it, on another processor. */
static void expect(const struct cz__thread *thread, uint32_t index)
{
    if (index < thread->member_end) {
        const char *record = (const char *)thread->bundle->records[index];
        __builtin_prefetch(record, 1);
        __builtin_prefetch(record + CZ_CACHE_LINE, 1);
    }
}

void cz__bundle_go_on(struct cz__thread *thread)
{
    struct cz__bundle *bundle = thread->bundle;
    uint64_t now = cz__ticks();
    while (thread->member < thread->member_end) {
        struct cz_record *record = bundle->records[thread->member++];
        expect(thread, thread->member + 1);
        if (cz_record_start(record))
            now = cz__worker_run(thread, record, now);
        else
            cz_record_release(&thread->worker.cache, record);
    }
    thread->bundle = NULL;
    let_go(bundle);
}

uint64_t cz__bundle_abandon(struct cz_cache *cache, struct cz_record *ticket)
{
    struct cz__bundle *bundle = ticket->type->bundle;
    struct cz_lane *lane = bundle->lane;
    uint64_t cancelled = 0;
    for (; bundle->next < bundle->length; bundle->next++) {
        struct cz_record *record = bundle->records[bundle->next];
        cancelled += (uint64_t)cz_record_cancel(record);
        cz_record_release(cache, record);
    }
    let_go(bundle);
    cz_lane_promise_kept(lane);
    return cancelled;
}
