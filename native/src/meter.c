#include "stats.h"

#include <string.h>

#include "os.h"
#include "pool.h"

/* Who counts where: meters for workers, accounts for names, a ledger for each pair in use. */

void cz__account_add(struct cz__segment *segment, struct cz__account *accounts, uint32_t lane,
                     const char *name, size_t length)
{
    uint32_t index = cz__load_relaxed(&segment->accounts);
    memcpy(accounts[index].name, name, length);
    accounts[index].lane = lane;
    cz__store_release(&segment->accounts, index + 1); /* its fields come before it */
}

struct cz__account *cz__accounts_of(const struct cz__stats *stats)
{
    return (struct cz__account *)(void *)(stats->base + stats->segment->accounts_at);
}

struct cz__meter *cz__meter_take(struct cz__stats *stats, enum cz__meter_kind kind, uint32_t number)
{
    struct cz__meter *meter = NULL;
    if (stats == NULL)
        return NULL;
    pthread_mutex_lock(&stats->lock);
    for (uint32_t i = 0; meter == NULL && i + 1 < stats->meters_most; i++) {
        struct cz__block *block = &stats->blocks[i];
        uint32_t was = cz__load_relaxed(&block->kind);
        /* A guest may go on with the meter of one that has left. */
        if (was != CZ__METER_FREE && (was != kind || cz__load_relaxed(&block->here)))
            continue;
        if (was == CZ__METER_FREE)
            cz__store_relaxed(&block->number, number == UINT32_MAX ? stats->guests++ : number);
        cz__store_relaxed(&block->kind, kind);
        cz__store_relaxed(&block->here, CZ__METER_HERE);
        meter = &stats->meters[i];
    }
    pthread_mutex_unlock(&stats->lock);
    return meter;
}

/* Of the name's bytes, those that are kept: whole characters. */
static size_t kept_bytes(const char *name)
{
    size_t length = strnlen(name, CZ__ACCOUNT_NAME);
    if (length == CZ__ACCOUNT_NAME)
        do
            length--;
        while (((unsigned char)name[length] & 0xc0) == 0x80);
    return length;
}

uint32_t cz_pool_account(struct cz_pool *pool, int lane, const char *name)
{
    struct cz__stats *stats = pool->stats;
    uint32_t other = lane == CZ_LANE_PYTHON, count, found;
    struct cz__account *accounts;
    size_t length = kept_bytes(name);
    if (stats == NULL)
        return other;
    accounts = cz__accounts_of(stats);
    pthread_mutex_lock(&stats->lock);
    count = cz__load_relaxed(&stats->segment->accounts);
    for (found = 0; found < count; found++)
        if (accounts[found].lane == other && memcmp(accounts[found].name, name, length) == 0 &&
            accounts[found].name[length] == 0)
            break;
    if (found == count) {
        if (count < CZ__ACCOUNTS)
            cz__account_add(stats->segment, accounts, other, name, length);
        else
            found = other;
    }
    pthread_mutex_unlock(&stats->lock);
    return found;
}

struct cz__ledger *cz__ledger_make(struct cz__meter *meter, uint32_t account)
{
    struct cz__stats *stats = meter->stats;
    _Atomic(uint32_t) *place = &meter->block->ledgers[account];
    uint32_t line;
    pthread_mutex_lock(&stats->lock);
    line = cz__load_relaxed(place);
    if (line == 0) {
        uint64_t ledger = 2 * (uint64_t)(meter - stats->meters) + account;
        if (account > 1)
            /* The two of the unnamed are sure, and stand in when the others are gone. */
            ledger = stats->ledgers < CZ__LEDGERS
                         ? 2 * stats->meters_most + stats->ledgers++
                         : ledger - account + cz__accounts_of(stats)[account].lane;
        line = (uint32_t)((stats->ledgers_at + ledger * sizeof(struct cz__ledger)) / CZ_CACHE_LINE);
        cz__store_release(place, line);
    }
    pthread_mutex_unlock(&stats->lock);
    return (struct cz__ledger *)(void *)(meter->base + (uint64_t)line * CZ_CACHE_LINE);
}
