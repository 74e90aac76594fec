#include "limit.h"

#include "mail.h"
#include "os.h"
#include "pool.h"
#include "stop.h"
#include "timer.h"

enum { STOP_RETRY_NS = 50000, STOP_SLOWER_AFTER = 40 };

int cz_record_limit(struct cz_record *record, int64_t limit_ns, int divert)
{
    struct cz__extras *extras = cz__extras_of(record);
    int result = CZ_ENOMEM;
    pthread_mutex_lock(&extras->lock);
    if (cz__extra_ensure(record)) {
        cz__extra_of(record)->limit = limit_ns > 0 ? cz__ticks_of_ns(limit_ns) : 0;
        if (divert)
            cz__or_acqrel(&record->state, CZ_DIVERT);
        result = 0;
    }
    pthread_mutex_unlock(&extras->lock);
    return result;
}

int64_t cz_record_limit_ns(struct cz_record *record)
{
    struct cz__extras *extras = cz__extras_of(record);
    int64_t limit = 0;
    if (!(cz__load_acquire(&record->state) & CZ_EXTRA))
        return 0;
    pthread_mutex_lock(&extras->lock);
    limit = (int64_t)cz__ns_of_ticks(cz__extra_of(record)->limit);
    pthread_mutex_unlock(&extras->lock);
    return limit;
}

void cz__limit_begins(struct cz_record *record)
{
    struct cz__extras *extras = cz__extras_of(record);
    struct cz__extra *extra;
    pthread_mutex_lock(&extras->lock);
    extra = cz__extra_of(record);
    /* A stop that was asked for since cz_record_start goes on. And a waiter may run what still
     * waits for room in its queue: that timer goes on, or the promised push would never come; then
     * the limit begins with the push. */
    if (extra->limit && extra->purpose == CZ__TIMER_NONE) {
        cz__timer_arm(extras, extra, CZ__TIMER_LIMIT, cz__ticks() + extra->limit);
        cz__timer_ring(record->type->bell, extras, extra);
    }
    pthread_mutex_unlock(&extras->lock);
}

void cz__limit_begins_late(struct cz__extras *extras, struct cz__extra *extra, uint64_t now)
{
    if (extra->limit && cz__phase(cz__load_acquire(&extra->record->state)) == CZ_RUNNING)
        cz__timer_arm(extras, extra, CZ__TIMER_LIMIT, now + extra->limit);
}

void cz__limit_ended(struct cz_record *record)
{
    struct cz__extras *extras = cz__extras_of(record);
    pthread_mutex_lock(&extras->lock);
    if (cz__extra_of(record)->purpose != CZ__TIMER_ENQUEUE)
        cz__timer_disarm(extras, cz__extra_of(record));
    cz__stop_forget(record->type->pool, record);
    pthread_mutex_unlock(&extras->lock);
}

static bool can_stop(const struct cz_record *record)
{
    return record->type->interruptible && cz__stop_possible();
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
    if (can_stop(record))
        return cz__record_stop_after(record, why, 0);
    return mark_running(record, why) ? 2 : 0;
}

int cz__record_stop_after(struct cz_record *record, uint32_t why, int64_t delay_ns)
{
    struct cz__extras *extras = cz__extras_of(record);
    int asked = 0;
    pthread_mutex_lock(&extras->lock);
    if (cz__extra_ensure_running(record, why)) {
        struct cz__extra *extra = cz__extra_of(record);
        extra->attempts = 0;
        if (extra->purpose != CZ__TIMER_ENQUEUE)
            cz__timer_arm(extras, extra, CZ__TIMER_STOP, cz__ticks() + cz__ticks_of_ns(delay_ns));
        cz__timer_ring(record->type->bell, extras, extra);
        asked = 1;
    }
    pthread_mutex_unlock(&extras->lock);
    return asked;
}

void cz__limit_due(struct cz_pool *pool, struct cz__extra *extra, uint64_t now)
{
    struct cz__extras *extras = &pool->extras;
    struct cz_record *record = extra->record;
    int64_t again = STOP_RETRY_NS;
    bool is_limit = extra->purpose == CZ__TIMER_LIMIT;
    uint32_t state;
    cz__timer_disarm(extras, extra);
    /* Whoever runs it again has what is left of the time, and stops that. */
    if (cz__load_acquire(&record->state) & CZ_RERUN)
        return;
    if (is_limit)
        cz__or_acqrel(&record->state, CZ_STOP_TIMEOUT);
    state = cz__load_acquire(&record->state);
    if (cz__phase(state) != CZ_RUNNING)
        return;
    if (!record->type->interruptible || (is_limit && state & CZ_WATCHED && !can_stop(record))) {
        cz__mail_post(record, CZ_MAIL_STOP);
        return;
    }
    /* Also if this is not possible at the moment: nobody need have kept it for its mail. */
    cz__stop_try(pool, record);
    if (++extra->attempts > STOP_SLOWER_AFTER)
        again *= 20;
    cz__timer_arm(extras, extra, CZ__TIMER_STOP, now + cz__ticks_of_ns(again));
}
