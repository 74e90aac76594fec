#include "delay.h"

#include <assert.h>

#include "bell.h"
#include "ending.h"
#include "limit.h"
#include "os.h"
#include "pool.h"
#include "timer.h"

/* A full queue is tried again after so long. */
enum { FULL_RETRY_NS = 1000000 };

static int arm_enqueue(struct cz_lane *lane, struct cz_record *record, int64_t delay_ns)
{
    struct cz__extras *extras = cz__extras_of(record);
    int result = CZ_ENOMEM;
    uint64_t due = cz__ticks() + cz__ticks_of_ns(delay_ns);
    pthread_mutex_lock(&extras->lock);
    if (cz__extra_ensure(record)) {
        struct cz__extra *extra = cz__extra_of(record);
        /* A waiter ran it while it waited for room: one push stands for both promises. */
        bool promised = extra->purpose == CZ__TIMER_ENQUEUE;
        extra->lane = lane;
        /* A cancel that came before the lock found no timer to hurry. */
        if (cz__final(cz__load_acquire(&record->state)))
            due = 0;
        cz__timer_arm(extras, extra, CZ__TIMER_ENQUEUE, due);
        cz__timer_ring(lane->bell, extras, extra);
        result = promised;
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
                             (state & ~(uint32_t)(CZ_PHASE | CZ_STOP_TIMEOUT | CZ_RERUN)) |
                                 CZ_RETRYING));
    result = arm_enqueue(lane, record, delay_ns);
    if (result == 1)
        cz_lane_promise_kept(lane);
    assert(result >= 0); /* it had mail, so it has an extra */
    cz_type_count(type, CZ_COUNT_RETRIED, 1);
    return result;
}

void cz__delay_over(struct cz__extras *extras, struct cz__extra *extra, uint64_t now)
{
    struct cz_record *record = extra->record;
    struct cz_lane *lane = extra->lane;
    uint32_t state = cz__load_acquire(&record->state);
    cz__timer_disarm(extras, extra);
    while (cz__phase(state) == CZ_RETRYING &&
           !cz__cas_acqrel(&record->state, &state, (state & ~(uint32_t)CZ_PHASE) | CZ_PENDING))
        continue;
    /* Also a cancelled one: whoever takes it off the queue lets go of it. */
    if (cz_lane_push_promised(lane, record, record->level) == CZ_EFULL)
        cz__timer_arm(extras, extra, CZ__TIMER_ENQUEUE, now + cz__ticks_of_ns(FULL_RETRY_NS));
    else {
        cz__limit_begins_late(extras, extra, now);
        cz_lane_promise_kept(lane);
    }
}

void cz__delay_hurry(struct cz_record *record)
{
    struct cz__extras *extras = cz__extras_of(record);
    struct cz__extra *extra;
    pthread_mutex_lock(&extras->lock);
    extra = cz__extra_of(record);
    if (extra->purpose == CZ__TIMER_ENQUEUE) {
        cz__timer_arm(extras, extra, CZ__TIMER_ENQUEUE, 0);
        cz__timer_ring(record->type->bell, extras, extra);
    }
    pthread_mutex_unlock(&extras->lock);
}

uint64_t cz__delays_cancel(struct cz__extras *extras)
{
    uint64_t cancelled = 0;
    pthread_mutex_lock(&extras->lock);
    for (uint32_t number = 1; number <= extras->cut; number++) {
        struct cz__extra *extra = cz__extra_numbered(extras, number);
        if (extra->purpose != CZ__TIMER_ENQUEUE)
            continue;
        cz__timer_arm(extras, extra, CZ__TIMER_ENQUEUE, 0); /* whoever cancelled it */
        cancelled += cz__record_cancel_delayed(extra->record);
    }
    pthread_mutex_unlock(&extras->lock);
    return cancelled;
}

uint64_t cz__delays_waiting(struct cz__extras *extras, void **owners, uint64_t room,
                            uint64_t *retrying)
{
    uint64_t delayed = 0;
    *retrying = 0;
    pthread_mutex_lock(&extras->lock);
    for (uint32_t number = 1; number <= extras->cut; number++) {
        struct cz__extra *extra = cz__extra_numbered(extras, number);
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
