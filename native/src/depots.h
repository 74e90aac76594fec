/* depots.h: the memory of a pool: its own depot, and one per named arena.
 *
 * Arenas come one by one as types ask for them, and stay as long as the pool; all their depots
 * spend the budget of the pool's own (native/README.md, "Arenas").
 */
#ifndef CZ_DEPOTS_H
#define CZ_DEPOTS_H

#include <stdbool.h>
#include <stdint.h>

struct cz_pool;

/* Held for records, handed out of it, and in how many blocks; all of the pool. */
struct cz__memory {
    uint64_t bytes, used, blocks;
};
struct cz__memory cz__pool_memory(struct cz_pool *pool);

/* Close all depots and give the arenas back. False: blocks are out, so that pool, types and
 * arenas stay. */
bool cz__depots_close(struct cz_pool *pool);
/* After a close that returned true: free the named arenas. */
void cz__depots_free(struct cz_pool *pool);

#endif
