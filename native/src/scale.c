#include "scale.h"

#include <pthread.h>
#include <time.h>

#include "catzilla_jit.h"
#include "os.h"
#include "pool.h"

enum { LOOK_NS = 800000 };

static int64_t used_ns(clockid_t clock)
{
    struct timespec used;
    if (clock_gettime(clock, &used))
        return 0;
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* Processor time of everything in the process but the native workers. */
static int64_t used_by_others(const struct cz_pool *pool)
{
    int64_t used = used_ns(CLOCK_PROCESS_CPUTIME_ID);
    clockid_t clock;
    for (uint32_t i = 0; i < pool->started; i++)
        if (pthread_getcpuclockid(pool->threads[i].thread, &clock) == 0)
            used -= used_ns(clock);
    return used;
}

void cz__scale_look(struct cz_lane *lane)
{
    struct cz__scale *scale = &lane->scale;
    int64_t now = cz__monotonic_ns(), passed = now - scale->looked_at, used;
    if (scale->looked_at && passed < LOOK_NS)
        return; /* the clock was rung for something else */
    used = used_by_others(lane->pool);
    if (scale->looked_at && (used - scale->used) * 2 < passed) {
        cz__store_release(&scale->wanted, 1);
        cz_mail_ring(lane->pool);
    }
    scale->looked_at = now;
    scale->used = used;
}

void cz__scale_rest(struct cz_lane *lane)
{
    lane->scale.looked_at = 0;
}

void cz_lane_scale(struct cz_lane *lane, int on)
{
    cz__store_seqcst(&lane->scale.on, (uint32_t)on);
}

int cz_lane_wants_guest(struct cz_lane *lane)
{
    return cz__load_relaxed(&lane->scale.wanted) && cz__swap_acqrel(&lane->scale.wanted, 0);
}
