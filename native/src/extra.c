#include "extra.h"

#include <string.h>

#include "clock.h"
#include "lane.h"
#include "os.h"
#include "pool.h"
#include "stop.h"

enum { FULL_RETRY_NS = 1000000, STOP_RETRY_NS = 50000, STOP_SLOWER_AFTER = 40 };

void cz__extras_init(struct cz__extras *extras, struct cz__depot *depot)
{
    memset(extras, 0, sizeof *extras);
    extras->depot = depot;
    pthread_mutex_init(&extras->lock, NULL);
}

void cz__extras_free(struct cz__extras *extras)
{
    for (unsigned i = 0; i < CZ__EXTRA_CHUNKS; i++)
        if (extras->chunks[i])
            extras->depot->release(extras->chunks[i]);
    if (extras->heap)
        extras->depot->release(extras->heap);
    pthread_mutex_destroy(&extras->lock);
}

static struct cz__extras *extras_of(const struct cz_record *record)
{
    return &record->type->pool->extras;
}

/* Chunk i holds FIRST << i extras, numbered on from the chunk before. */
static struct cz__extra *numbered(struct cz__extras *extras, uint32_t number)
{
    uint32_t index = number - 1 + CZ__EXTRA_FIRST;
    unsigned top = 31 - (unsigned)__builtin_clz(index);
    unsigned chunk = top - 10; /* log2 of CZ__EXTRA_FIRST */
    return &extras->chunks[chunk][index - ((uint32_t)1 << top)];
}

static struct cz__extra *extra_of(const struct cz_record *record)
{
    return numbered(extras_of(record), record->extra);
}

/* --- extras come and go (lock held) ---------------------------------------------------- */

static bool make_room(struct cz__extras *extras)
{
    uint32_t index = extras->cut + CZ__EXTRA_FIRST;
    unsigned top = 31 - (unsigned)__builtin_clz(index);
    struct cz__extra **chunk = &extras->chunks[top - 10];
    if (top - 10 >= CZ__EXTRA_CHUNKS)
        return false;
    if (*chunk == NULL)
        *chunk = cz__zalloc(extras->depot, ((size_t)1 << top) * sizeof **chunk);
    return *chunk != NULL;
}

static struct cz__extra *new_extra(struct cz__extras *extras)
{
    struct cz__extra *extra;
    uint32_t number = extras->free;
    if (number) {
        extra = numbered(extras, number);
        extras->free = extra->below;
    } else {
        if (!make_room(extras))
            return NULL;
        number = ++extras->cut;
        extra = numbered(extras, number);
    }
    extra->number = number;
    extra->lane = NULL;
    extra->limit = 0;
    extra->heap_at = extra->attempts = extra->below = 0;
    extra->purpose = CZ__TIMER_NONE;
    cz__store_relaxed(&extra->reasons, 0);
    return extra;
}

static void free_extra(struct cz__extras *extras, struct cz__extra *extra)
{
    extra->below = extras->free;
    extras->free = extra->number;
}

/* Give the record its extra; false when out of memory. */
static bool ensure(struct cz_record *record)
{
    struct cz__extras *extras = extras_of(record);
    struct cz__extra *extra;
    if (cz__load_acquire(&record->state) & CZ_EXTRA)
        return true;
    extra = new_extra(extras);
    if (extra == NULL)
        return false;
    extra->record = record;
    record->extra = extra->number;
    cz__or_acqrel(&record->state, CZ_EXTRA);
    return true;
}

/* The same for a record that runs, and set `flags`, in one step: a run that ends before sees
 * none of it, and one that ends after takes the lock and finds the extra. */
static bool ensure_running(struct cz_record *record, uint32_t flags)
{
    struct cz__extras *extras = extras_of(record);
    struct cz__extra *fresh = NULL;
    uint32_t state = cz__load_acquire(&record->state);
    while (cz__phase(state) == CZ_RUNNING) {
        if (!(state & CZ_EXTRA) && fresh == NULL) {
            if ((fresh = new_extra(extras)) == NULL)
                return false;
            fresh->record = record;
            record->extra = fresh->number;
        }
        if (cz__cas_acqrel(&record->state, &state, state | CZ_EXTRA | flags))
            return true;
    }
    if (fresh)
        free_extra(extras, fresh);
    return false;
}

/* --- the heap (lock held) ---------------------------------------------------------------- */

static void put(struct cz__extras *extras, uint32_t at, struct cz__extra *extra)
{
    extras->heap[at] = extra->number;
    extra->heap_at = at;
}

static void sift_up(struct cz__extras *extras, uint32_t at, struct cz__extra *extra)
{
    while (at > 1) {
        struct cz__extra *parent = numbered(extras, extras->heap[at / 2]);
        if (parent->due <= extra->due)
            break;
        put(extras, at, parent);
        at /= 2;
    }
    put(extras, at, extra);
}

static void sift_down(struct cz__extras *extras, uint32_t at, struct cz__extra *extra)
{
    while (2 * at <= extras->timers) {
        uint32_t child = 2 * at;
        struct cz__extra *lower = numbered(extras, extras->heap[child]);
        if (child < extras->timers) {
            struct cz__extra *other = numbered(extras, extras->heap[child + 1]);
            if (other->due < lower->due) {
                lower = other;
                child++;
            }
        }
        if (extra->due <= lower->due)
            break;
        put(extras, at, lower);
        at = child;
    }
    put(extras, at, extra);
}

static void disarm(struct cz__extras *extras, struct cz__extra *extra)
{
    uint32_t at = extra->heap_at;
    struct cz__extra *last;
    extra->purpose = CZ__TIMER_NONE;
    if (at == 0)
        return;
    last = numbered(extras, extras->heap[extras->timers--]);
    extra->heap_at = 0;
    if (last == extra)
        return;
    sift_up(extras, at, last);
    sift_down(extras, last->heap_at, last);
}

static bool heap_room(struct cz__extras *extras)
{
    uint32_t room = extras->room ? extras->room * 2 : 1024;
    uint32_t *heap;
    if (extras->timers + 1 < extras->room)
        return true;
    heap = cz__zalloc(extras->depot, room * sizeof *heap);
    if (heap == NULL)
        return false;
    if (extras->heap) {
        memcpy(heap, extras->heap, (extras->timers + 1) * sizeof *heap);
        extras->depot->release(extras->heap);
    }
    extras->heap = heap;
    extras->room = room;
    return true;
}

/* False when out of memory. The caller rings the clock if the new timer is due first. */
static bool arm(struct cz__extras *extras, struct cz__extra *extra, enum cz__purpose purpose,
                uint64_t due)
{
    disarm(extras, extra);
    if (!heap_room(extras))
        return false;
    extra->purpose = purpose;
    extra->due = due;
    sift_up(extras, ++extras->timers, extra);
    return true;
}

static void ring_if_first(struct cz_pool *pool, const struct cz__extra *extra)
{
    if (extra->heap_at == 1)
        cz__clock_ring(&pool->clock);
}

/* --- the life of a record ---------------------------------------------------------------- */

void cz__extra_forget(struct cz_record *record)
{
    struct cz__extras *extras = extras_of(record);
    struct cz__extra *extra;
    pthread_mutex_lock(&extras->lock);
    extra = extra_of(record);
    disarm(extras, extra);
    extra->record = NULL;
    if (cz__load_acquire(&extra->reasons) == 0) /* else whoever takes it from the mailbox does */
        free_extra(extras, extra);
    pthread_mutex_unlock(&extras->lock);
}

void cz__extra_run_begins(struct cz_record *record)
{
    struct cz__extras *extras = extras_of(record);
    struct cz__extra *extra;
    pthread_mutex_lock(&extras->lock);
    extra = extra_of(record);
    /* Without memory for the timer the task runs without its limit: a heap that holds
     * every extra there is has been grown when the limit was set. And a waiter may run what
     * still waits for room in its queue: that timer must go on, or the promised push would
     * never come. Such a run has no limit either. */
    if (extra->limit && extra->purpose != CZ__TIMER_ENQUEUE &&
        arm(extras, extra, CZ__TIMER_LIMIT, cz__ticks() + extra->limit))
        ring_if_first(record->type->pool, extra);
    pthread_mutex_unlock(&extras->lock);
}

void cz__extra_run_ended(struct cz_record *record)
{
    struct cz__extras *extras = extras_of(record);
    pthread_mutex_lock(&extras->lock);
    if (extra_of(record)->purpose != CZ__TIMER_ENQUEUE)
        disarm(extras, extra_of(record));
    cz__stop_forget(record->type->pool, record);
    pthread_mutex_unlock(&extras->lock);
}

/* --- mail ------------------------------------------------------------------------------- */

static void ring_taker(struct cz__extras *extras)
{
    cz__store_seqcst(&extras->mail_bell, 1);
    cz__futex_wake(&extras->mail_bell, 1);
}

void cz__extra_post(struct cz_record *record, uint32_t reason)
{
    struct cz__extras *extras = extras_of(record);
    struct cz__extra *extra = extra_of(record);
    uint32_t top;
    if (cz__or_acqrel(&extra->reasons, reason))
        return; /* it is in the mailbox, or with the taker, who looks at the reasons last */
    top = cz__load_relaxed(&extras->mail);
    do {
        extra->below = top;
    } while (!cz__cas_seqcst(&extras->mail, &top, extra->number));
    /* seq_cst: the taker announces its sleep, then looks at the mailbox again. */
    if (cz__load_seqcst(&extras->mail_sleeper))
        ring_taker(extras);
}

static void take_all(struct cz__extras *extras)
{
    uint32_t number = cz__swap_acqrel(&extras->mail, 0), oldest = 0;
    while (number) {
        struct cz__extra *extra = numbered(extras, number);
        uint32_t below = extra->below;
        extra->below = oldest;
        oldest = number;
        number = below;
    }
    extras->taken = oldest;
}

static struct cz_record *open_mail(struct cz__extras *extras, struct cz__extra *extra,
                                   uint32_t *reasons)
{
    struct cz_record *record;
    pthread_mutex_lock(&extras->lock);
    record = extra->record;
    *reasons = cz__swap_acqrel(&extra->reasons, 0);
    if (record == NULL)
        free_extra(extras, extra);
    pthread_mutex_unlock(&extras->lock);
    return record;
}

struct cz_record *cz_mail_take(struct cz_pool *pool, uint32_t *reasons)
{
    struct cz__extras *extras = &pool->extras;
    for (;;) {
        struct cz__extra *extra;
        struct cz_record *record;
        if (extras->taken == 0)
            take_all(extras);
        if (extras->taken == 0)
            return NULL;
        extra = numbered(extras, extras->taken);
        /* Once its reasons are taken it may be posted again, which changes `below`. */
        extras->taken = extra->below;
        record = open_mail(extras, extra, reasons);
        if (record)
            return record;
    }
}

int cz_mail_wait(struct cz_pool *pool, int64_t timeout_ns)
{
    struct cz__extras *extras = &pool->extras;
    int result = 0;
    cz__store_seqcst(&extras->mail_sleeper, 1);
    if (cz__load_seqcst(&extras->mail) == 0)
        result = cz__futex_wait(&extras->mail_bell, 0, timeout_ns);
    cz__store_seqcst(&extras->mail_sleeper, 0);
    cz__store_seqcst(&extras->mail_bell, 0);
    return result;
}

void cz_mail_ring(struct cz_pool *pool)
{
    ring_taker(&pool->extras);
}

int cz_record_watch(struct cz_record *record)
{
    struct cz__extras *extras = extras_of(record);
    bool made;
    pthread_mutex_lock(&extras->lock);
    made = ensure(record);
    pthread_mutex_unlock(&extras->lock);
    if (!made)
        return CZ_ENOMEM;
    return !cz__final(cz__or_acqrel(&record->state, CZ_WATCHED));
}

/* --- delays, retries, limits, stops ---------------------------------------------------------- */

int cz_record_limit(struct cz_record *record, int64_t limit_ns, int divert)
{
    struct cz__extras *extras = extras_of(record);
    int result = CZ_ENOMEM;
    pthread_mutex_lock(&extras->lock);
    if (ensure(record) && heap_room(extras)) {
        extra_of(record)->limit = limit_ns > 0 ? cz__ticks_of_ns(limit_ns) : 0;
        if (divert)
            cz__or_acqrel(&record->state, CZ_DIVERT);
        result = 0;
    }
    pthread_mutex_unlock(&extras->lock);
    return result;
}

static int arm_enqueue(struct cz_lane *lane, struct cz_record *record, int64_t delay_ns)
{
    struct cz__extras *extras = extras_of(record);
    int result = CZ_ENOMEM;
    uint64_t due = cz__ticks() + cz__ticks_of_ns(delay_ns);
    pthread_mutex_lock(&extras->lock);
    if (ensure(record)) {
        struct cz__extra *extra = extra_of(record);
        /* A waiter ran it while it waited for room: one push stands for both promises. */
        bool promised = extra->purpose == CZ__TIMER_ENQUEUE;
        extra->lane = lane;
        /* A cancel that came before the lock found no timer to hurry. */
        if (cz__final(cz__load_acquire(&record->state)))
            due = 0;
        if (arm(extras, extra, CZ__TIMER_ENQUEUE, due)) {
            ring_if_first(lane->pool, extra);
            result = promised;
        }
    }
    pthread_mutex_unlock(&extras->lock);
    return result;
}

/* The lane has been promised this push. */
static int delay(struct cz_lane *lane, struct cz_record *record, uint32_t level, int64_t delay_ns)
{
    int result;
    record->level = (uint16_t)level;
    record->queued_at = cz__ticks();
    result = arm_enqueue(lane, record, delay_ns);
    if (result)
        cz_lane_promise_kept(lane);
    return result;
}

int cz_record_delay(struct cz_lane *lane, struct cz_record *record, uint32_t level,
                    int64_t delay_ns)
{
    return cz_lane_promise(lane) ? CZ_ECLOSED : delay(lane, record, level, delay_ns);
}

int cz_record_delay_promised(struct cz_lane *lane, struct cz_record *record, uint32_t level,
                             int64_t delay_ns)
{
    cz__lane_owe(lane);
    return delay(lane, record, level, delay_ns);
}

int cz_record_retry(struct cz_lane *lane, struct cz_record *record, int64_t delay_ns)
{
    const struct cz_type *type = record->type; /* once queued, the record may be gone */
    uint32_t state = cz__load_acquire(&record->state);
    int result;
    record->error = NULL;
    record->status = 0;
    do {
        /* Asked for while it ran, and no retry undoes that; or abandoned meanwhile. */
        if (state & CZ_STOP_CANCEL || cz__phase(state) != CZ_RUNNING)
            return CZ_ECLOSED;
    } while (!cz__cas_acqrel(&record->state, &state,
                             (state & ~(uint32_t)(CZ_PHASE | CZ_STOP_TIMEOUT)) | CZ_RETRYING));
    result = arm_enqueue(lane, record, delay_ns);
    if (result == 1)
        cz_lane_promise_kept(lane);
    if (result < 0) {
        /* Back to where cz_record_conclude takes it from; unless cancelled meanwhile. */
        state = cz__load_acquire(&record->state);
        while (cz__phase(state) == CZ_RETRYING &&
               !cz__cas_acqrel(&record->state, &state, (state & ~(uint32_t)CZ_PHASE) | CZ_RUNNING))
            continue;
    } else {
        cz_type_count(type, CZ_COUNT_RETRIED, 1);
    }
    return result;
}

/* What cannot be left in the middle is not sent a signal, nor mail: its owner may let go of it
 * before that is taken. */
static int mark_running(struct cz_record *record, uint32_t why)
{
    uint32_t state = cz__load_acquire(&record->state);
    while (cz__phase(state) == CZ_RUNNING)
        if (cz__cas_acqrel(&record->state, &state, state | why))
            return 1;
    return 0;
}

int cz_record_stop(struct cz_record *record, uint32_t why)
{
    if (cz_record_cancel(record))
        return 1;
    if (record->type->interruptible)
        return cz__record_stop_after(record, why, 0);
    return mark_running(record, why) ? 2 : 0;
}

int cz__record_stop_after(struct cz_record *record, uint32_t why, int64_t delay_ns)
{
    struct cz__extras *extras = extras_of(record);
    int asked = 0;
    pthread_mutex_lock(&extras->lock);
    if (ensure_running(record, why)) {
        struct cz__extra *extra = extra_of(record);
        extra->attempts = 0;
        asked = extra->purpose == CZ__TIMER_ENQUEUE ||
                arm(extras, extra, CZ__TIMER_STOP, cz__ticks() + cz__ticks_of_ns(delay_ns));
        ring_if_first(record->type->pool, extra);
    }
    pthread_mutex_unlock(&extras->lock);
    return asked;
}

void cz__extra_hurry(struct cz_record *record)
{
    struct cz__extras *extras = extras_of(record);
    struct cz__extra *extra;
    pthread_mutex_lock(&extras->lock);
    extra = extra_of(record);
    if (extra->purpose == CZ__TIMER_ENQUEUE && arm(extras, extra, CZ__TIMER_ENQUEUE, 0))
        ring_if_first(record->type->pool, extra);
    pthread_mutex_unlock(&extras->lock);
}

uint64_t cz__extras_cancel_delayed(struct cz__extras *extras)
{
    uint64_t cancelled = 0;
    pthread_mutex_lock(&extras->lock);
    for (uint32_t at = 1; at <= extras->timers; at++) {
        struct cz__extra *extra = numbered(extras, extras->heap[at]);
        if (extra->purpose != CZ__TIMER_ENQUEUE)
            continue;
        /* Due at once, whoever cancelled it: to the top, past what has been looked at. */
        extra->due = 0;
        sift_up(extras, at, extra);
        cancelled += cz__record_cancel_delayed(extra->record);
    }
    pthread_mutex_unlock(&extras->lock);
    return cancelled;
}

uint64_t cz__extras_delayed(struct cz__extras *extras, void **owners, uint64_t room,
                            uint64_t *retrying)
{
    uint64_t delayed = 0;
    *retrying = 0;
    pthread_mutex_lock(&extras->lock);
    for (uint32_t at = 1; at <= extras->timers; at++) {
        struct cz__extra *extra = numbered(extras, extras->heap[at]);
        uint32_t phase;
        if (extra->purpose != CZ__TIMER_ENQUEUE)
            continue;
        phase = cz__phase(cz__load_acquire(&extra->record->state));
        if (phase != CZ_PENDING && phase != CZ_RETRYING)
            continue; /* cancelled: due at once */
        if (delayed < room)
            owners[delayed] = extra->record->type->owner;
        delayed++;
        *retrying += phase == CZ_RETRYING;
    }
    pthread_mutex_unlock(&extras->lock);
    return delayed;
}

/* --- the clock thread ------------------------------------------------------------------------- */

static void fire_enqueue(struct cz__extras *extras, struct cz__extra *extra, uint64_t now)
{
    struct cz_record *record = extra->record;
    struct cz_lane *lane = extra->lane;
    uint32_t state = cz__load_acquire(&record->state);
    disarm(extras, extra);
    while (cz__phase(state) == CZ_RETRYING &&
           !cz__cas_acqrel(&record->state, &state, (state & ~(uint32_t)CZ_PHASE) | CZ_PENDING))
        continue;
    /* Also a cancelled one: whoever takes it off the queue lets go of it. */
    if (cz_lane_push_promised(lane, record, record->level) == CZ_EFULL)
        arm(extras, extra, CZ__TIMER_ENQUEUE, now + cz__ticks_of_ns(FULL_RETRY_NS));
    else
        cz_lane_promise_kept(lane);
}

static void fire_stop(struct cz_pool *pool, struct cz__extra *extra, uint64_t now)
{
    struct cz__extras *extras = &pool->extras;
    struct cz_record *record = extra->record;
    int64_t again = STOP_RETRY_NS;
    disarm(extras, extra);
    if (cz__phase(cz__load_acquire(&record->state)) != CZ_RUNNING)
        return;
    if (!record->type->interruptible) {
        cz__extra_post(record, CZ_MAIL_STOP);
        return;
    }
    cz__stop_try(pool, record);
    if (++extra->attempts > STOP_SLOWER_AFTER)
        again *= 20;
    arm(extras, extra, CZ__TIMER_STOP, now + cz__ticks_of_ns(again));
}

uint64_t cz__extras_fire(struct cz_pool *pool, uint64_t now)
{
    struct cz__extras *extras = &pool->extras;
    uint64_t wait = UINT64_MAX;
    pthread_mutex_lock(&extras->lock);
    while (extras->timers) {
        struct cz__extra *extra = numbered(extras, extras->heap[1]);
        if (extra->due > now) {
            wait = extra->due - now;
            break;
        }
        if (extra->purpose == CZ__TIMER_ENQUEUE) {
            fire_enqueue(extras, extra, now);
            continue;
        }
        if (extra->purpose == CZ__TIMER_LIMIT)
            cz__or_acqrel(&extra->record->state, CZ_STOP_TIMEOUT);
        fire_stop(pool, extra, now);
    }
    pthread_mutex_unlock(&extras->lock);
    return wait;
}
