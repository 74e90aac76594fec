/* guest.c: workers whose threads belong to the caller. */
#include "bell.h"
#include "lane.h"
#include "os.h"
#include "pool.h"

struct cz_guest {
    struct cz_lane *lane;
    struct cz__sleep *sleep; /* the lane's, or its own */
    struct cz__meter *meter; /* NULL: it is counted with the shared one */
    unsigned level;          /* CZ_LEVELS, or that of a relief worker */
    bool called;             /* a relief worker is to look at the queues */
    bool in_long;
    uint32_t turns; /* looks at an entry that its push has not published yet */
};

static bool is_ordinary(const struct cz_guest *guest)
{
    return guest->level == CZ_LEVELS;
}

/* It needs no call: pushes wake it (relief.h). */
static bool is_reserved(const struct cz_guest *guest)
{
    return guest->level == CZ_CRITICAL;
}

static unsigned levels_of(const struct cz_guest *guest)
{
    return is_ordinary(guest) ? CZ_LEVELS : guest->level + 1;
}

struct cz_guest *cz_guest_enter(struct cz_lane *lane, uint32_t level)
{
    struct cz_guest *guest = cz__zalloc(lane->depot, sizeof *guest);
    if (guest == NULL)
        return NULL;
    guest->lane = lane;
    guest->level = level;
    guest->called = true;
    guest->sleep = is_ordinary(guest) ? &lane->sleep : &lane->relief.sleep[level];
    guest->meter = is_ordinary(guest)
                       ? cz__meter_take(lane->pool->stats, CZ__METER_PYTHON, UINT32_MAX)
                       : cz__meter_take(lane->pool->stats, CZ__METER_RELIEF, CZ_LEVELS + level);
    cz__meter_here(guest->meter);
    cz__lookout_join(guest->sleep);
    if (!is_ordinary(guest))
        cz__or_acqrel(&lane->relief.present, 1u << level);
    return guest;
}

void cz_guest_leave(struct cz_guest *guest)
{
    struct cz_lane *lane = guest->lane;
    cz__meter_leave(guest->meter);
    if (is_ordinary(guest)) {
        cz__lane_enter_long(lane); /* off the look-out, waking another if work is left */
    } else {
        cz__and_acqrel(&lane->relief.present, ~(1u << guest->level));
        cz__lookout_quit(guest->sleep);
    }
    lane->depot->release(guest);
}

struct cz_record *cz_guest_next(struct cz_guest *guest, int *alone)
{
    struct cz_lane *lane = guest->lane;
    struct cz_record *record;
    *alone = 0;
    if (!is_ordinary(guest) && !guest->called)
        return NULL;
    guest->called = is_reserved(guest);
    record = cz__lane_pick(lane, levels_of(guest));
    if (record && is_ordinary(guest) && !cz__lane_is_short(lane, record->type)) {
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
    if (!is_ordinary(guest))
        guest->called |= cz__relief_goes_on(guest->lane, guest->level, ticks);
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
    cz__sleep_prepare(guest->sleep);
    /* In this order: a push may come between the two looks, but not after a finish. */
    finished = cz__lane_finished(lane);
    if ((is_ordinary(guest) || is_reserved(guest)) && !cz__lane_empty(lane, levels_of(guest))) {
        cz__sleep_cancel(guest->sleep);
        cz__lane_await_entry(lane, levels_of(guest), &guest->turns);
        return 0;
    }
    if (finished) {
        cz__sleep_cancel(guest->sleep);
        return CZ_ECLOSED;
    }
    waited = cz__sleep_wait(guest->sleep, timeout_ns);
    if (waited == 0) {
        guest->called = true;
        cz__bell_stir(lane->bell);
    }
    return waited;
}

struct cz_record *cz_lane_take(struct cz_lane *lane)
{
    return cz__lane_pick(lane, CZ_LEVELS);
}
