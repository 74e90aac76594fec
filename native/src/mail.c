#include "mail.h"

#include "os.h"
#include "pool.h"

static void ring_taker(struct cz__extras *extras)
{
    cz__store_seqcst(&extras->mail_bell, 1);
    cz__futex_wake(&extras->mail_bell, 1);
}

void cz__mail_post(struct cz_record *record, uint32_t reason)
{
    struct cz__extras *extras = cz__extras_of(record);
    struct cz__extra *extra = cz__extra_of(record);
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
        struct cz__extra *extra = cz__extra_numbered(extras, number);
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
        cz__extra_free(extras, extra);
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
        extra = cz__extra_numbered(extras, extras->taken);
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
    struct cz__extras *extras = cz__extras_of(record);
    bool made;
    pthread_mutex_lock(&extras->lock);
    made = cz__extra_ensure(record);
    pthread_mutex_unlock(&extras->lock);
    if (!made)
        return CZ_ENOMEM;
    return !cz__final(cz__or_acqrel(&record->state, CZ_WATCHED));
}
