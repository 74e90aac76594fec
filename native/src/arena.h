/* arena.h: arenas of jemalloc, in a process that runs on it.
 *
 * An arena is a number; memory that was allocated in it lies in pages of its own, which
 * jemalloc counts apart. Elsewhere (another malloc) there are none: CZ__NO_ARENA. The
 * one place of the library that names jemalloc.
 *
 * An arena cannot be destroyed: any thread's cache may hold blocks of it, and results
 * outlive their pool. So arenas that are given back are kept, and taken again by later
 * pools, empty ones first; what had its pages purged costs some 100 kB.
 */
#ifndef CZ_ARENA_H
#define CZ_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catzilla_jit.h"

#define CZ__NO_ARENA CZ_NO_ARENA

/* Any thread. CZ__NO_ARENA: the process does not run on jemalloc, or there are too many. */
uint32_t cz__arena_take(void);
/* Nobody allocates in it any more; what lies in it may still be in use, and be freed. */
void cz__arena_give_back(uint32_t arena);

/* Whether the process runs on jemalloc. */
bool cz__arena_is_there(void);

/* NULL when out of memory. Released with free(). */
void *cz__arena_allocate(uint32_t arena, size_t alignment, size_t bytes);

/* From now on malloc serves the calling thread from this arena; the number of the one
 * before. Empties the thread's cache: what that holds belongs to the arena before. */
uint32_t cz__arena_enter(uint32_t arena);

/* Where jemalloc counts the bytes that the calling thread has allocated and freed; false:
 * nobody does. */
bool cz__arena_counters(const uint64_t **allocated, const uint64_t **freed);

#endif
