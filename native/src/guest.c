/* guest.c: workers whose threads belong to the caller. */
#include "bell.h"
#include "lane.h"
#include "os.h"
#include "pool.h"

struct cz_guest {
    struct cz_lane *lane;
    struct cz__meter *meter; /* NULL: it is counted with the shared one */
    bool in_long;
    uint32_t turns; /* looks at an entry that its push has not published yet */
};

struct cz_guest *cz_guest_enter(struct cz_lane *lane)
{
    struct cz_guest *guest = cz__zalloc(lane->depot, sizeof *guest);
    if (guest == NULL)
        return NULL;
    guest->lane = lane;
    guest->meter = cz__meter_take(lane->pool->stats, CZ__METER_PYTHON, UINT32_MAX);
    cz__meter_here(guest->meter);
    cz__lookout_join(&lane->sleep);
    return guest;
}

void cz_guest_leave(struct cz_guest *guest)
{
    struct cz_lane *lane = guest->lane;
    cz__meter_leave(guest->meter);
    cz__lane_enter_long(lane); /* off the look-out, waking another if work is left */
    lane->depot->release(guest);
}

struct cz_record *cz_guest_next(struct cz_guest *guest, int *alone)
{
    struct cz_lane *lane = guest->lane;
    struct cz_record *record = cz__lane_pick(lane, CZ_LEVELS);
    *alone = 0;
    if (record && !cz__lane_is_short(lane, record->type)) {
        guest->in_long = true;
        *alone = cz__lane_enter_long(lane);
    }
    return record;
}

void cz_guest_done(struct cz_guest *guest, const struct cz_type *type, uint64_t ticks)
{
    cz__meter_end(guest->meter, ticks);
    if (ticks)
        cz__type_measure(type, ticks);
    if (guest->in_long) {
        guest->in_long = false;
        cz__lane_leave_long(guest->lane);
    }
}

int cz_guest_wait(struct cz_guest *guest, int64_t timeout_ns)
{
    struct cz_lane *lane = guest->lane;
    bool finished;
    int waited;
    cz__sleep_prepare(&lane->sleep);
    /* In this order: a push may come between the two looks, but not after a finish. */
    finished = cz__lane_finished(lane);
    if (!cz__lane_empty(lane, CZ_LEVELS)) {
        cz__sleep_cancel(&lane->sleep);
        cz__lane_await_entry(lane, CZ_LEVELS, &guest->turns);
        return 0;
    }
    if (finished) {
        cz__sleep_cancel(&lane->sleep);
        return CZ_ECLOSED;
    }
    waited = cz__sleep_wait(&lane->sleep, timeout_ns);
    if (waited == 0)
        cz__bell_stir(lane->bell);
    return waited;
}

struct cz_record *cz_lane_take(struct cz_lane *lane)
{
    return cz__lane_pick(lane, CZ_LEVELS);
}
