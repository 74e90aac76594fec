#include "timer.h"

#include <string.h>

#include "delay.h"
#include "limit.h"
#include "pool.h"

static void put(struct cz__extras *extras, uint32_t at, struct cz__extra *extra)
{
    extras->heap[at] = extra->number;
    extra->heap_at = at;
}

static void sift_up(struct cz__extras *extras, uint32_t at, struct cz__extra *extra)
{
    while (at > 1) {
        struct cz__extra *parent = cz__extra_numbered(extras, extras->heap[at / 2]);
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
        struct cz__extra *lower = cz__extra_numbered(extras, extras->heap[child]);
        if (child < extras->timers) {
            struct cz__extra *other = cz__extra_numbered(extras, extras->heap[child + 1]);
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

void cz__timer_disarm(struct cz__extras *extras, struct cz__extra *extra)
{
    uint32_t at = extra->heap_at;
    struct cz__extra *last;
    extra->purpose = CZ__TIMER_NONE;
    if (at == 0)
        return;
    last = cz__extra_numbered(extras, extras->heap[extras->timers--]);
    extra->heap_at = 0;
    if (last == extra)
        return;
    sift_up(extras, at, last);
    sift_down(extras, last->heap_at, last);
}

bool cz__timer_room(struct cz__extras *extras)
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

bool cz__timer_arm(struct cz__extras *extras, struct cz__extra *extra, enum cz__purpose purpose,
                   uint64_t due)
{
    cz__timer_disarm(extras, extra);
    if (!cz__timer_room(extras))
        return false;
    extra->purpose = purpose;
    extra->due = due;
    sift_up(extras, ++extras->timers, extra);
    return true;
}

void cz__timer_hasten(struct cz__extras *extras, struct cz__extra *extra)
{
    extra->due = 0;
    sift_up(extras, extra->heap_at, extra);
}

void cz__timer_ring(struct cz_pool *pool, const struct cz__extra *extra)
{
    if (extra->heap_at == 1)
        cz__clock_ring(&pool->clock);
}

uint64_t cz__timers_fire(struct cz_pool *pool, uint64_t now)
{
    struct cz__extras *extras = &pool->extras;
    uint64_t wait = UINT64_MAX;
    pthread_mutex_lock(&extras->lock);
    while (extras->timers) {
        struct cz__extra *extra = cz__extra_numbered(extras, extras->heap[1]);
        if (extra->due > now) {
            wait = extra->due - now;
            break;
        }
        if (extra->purpose == CZ__TIMER_ENQUEUE)
            cz__delay_over(extras, extra, now);
        else
            cz__limit_due(pool, extra, now);
    }
    pthread_mutex_unlock(&extras->lock);
    return wait;
}
