#include "sleep.h"

#include "catzilla_jit.h"
#include "os.h"

void cz__lookout_join(struct cz__sleep *sleep)
{
    cz__add_seqcst(&sleep->counts, CZ__LOOKOUT_ONE);
}

void cz__lookout_quit(struct cz__sleep *sleep)
{
    cz__sub_seqcst(&sleep->counts, CZ__LOOKOUT_ONE);
}

void cz__sleep_prepare(struct cz__sleep *sleep)
{
    cz__add_seqcst(&sleep->counts, CZ__SLEEPER_ONE - CZ__LOOKOUT_ONE);
}

/* Take one sleeper off the count and put it on the look-out. */
static bool claim_sleeper(struct cz__sleep *sleep)
{
    uint32_t counts = cz__load_seqcst(&sleep->counts);
    while (cz__sleepers(counts))
        if (cz__cas_seqcst(&sleep->counts, &counts, counts - CZ__SLEEPER_ONE + CZ__LOOKOUT_ONE))
            return true;
    return false;
}

static bool take_ticket(struct cz__sleep *sleep)
{
    uint32_t tickets = cz__load_acquire(&sleep->tickets);
    while (tickets)
        if (cz__cas_acqrel(&sleep->tickets, &tickets, tickets - 1))
            return true;
    return false;
}

/* With nobody on the sleepers' count a waker has claimed the caller, and its ticket is
 * there or about to be. A later sleeper may take that ticket: then the caller takes that
 * one's place on the count. No wake-up announces this, hence the limit. The ticket comes
 * first, for a wake call that ended the wait was for the ticket's taker. */
static void await_ticket(struct cz__sleep *sleep)
{
    enum { LOOK_NS = 1000000 };
    while (!take_ticket(sleep) && !claim_sleeper(sleep))
        cz__futex_wait(&sleep->tickets, 0, LOOK_NS);
}

void cz__sleep_cancel(struct cz__sleep *sleep)
{
    if (!claim_sleeper(sleep))
        await_ticket(sleep);
}

int cz__sleep_wait(struct cz__sleep *sleep, int64_t timeout_ns)
{
    while (!take_ticket(sleep)) {
        if (cz__futex_wait(&sleep->tickets, 0, timeout_ns) == CZ_ETIMEDOUT) {
            cz__sleep_cancel(sleep);
            return CZ_ETIMEDOUT;
        }
    }
    return 0;
}

bool cz__sleep_wake_one(struct cz__sleep *sleep)
{
    if (!claim_sleeper(sleep))
        return false;
    cz__add_acqrel(&sleep->tickets, 1);
    cz__futex_wake(&sleep->tickets, 1);
    return true;
}

void cz__sleep_wake_all(struct cz__sleep *sleep)
{
    while (cz__sleep_wake_one(sleep))
        continue;
}
