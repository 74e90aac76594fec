/* os.h: what the library needs from the operating system, and nothing else. */
#ifndef CZ_OS_H
#define CZ_OS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "atomic.h"

/* Sleep while *word == expected. 0 (woken, or the word differed), CZ_ETIMEDOUT,
 * CZ_EINTR. timeout_ns < 0: no limit. */
int cz__futex_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns);
void cz__futex_wake(_Atomic(uint32_t) *word, int count);

/* A thread with all signals blocked, a name of at most 15 characters and a guard page
 * below its stack. 0 or CZ_ETHREAD. */
int cz__thread_start(pthread_t *thread, void *(*main)(void *), void *argument, const char *name,
                     uint64_t stack_bytes);

/* The calling thread runs rarely, shortly, and should start at once although others keep
 * every processor busy; among real-time threads it is the next more urgent. A hint: does what the
 * system allows. */
void cz__thread_start_soon(void);

/* In a loop that waits until another thread has made its next few steps. It yields, and sleeps
 * after some turns: a real-time thread that only yields would keep a less urgent one off its
 * processor for ever. *turns begins as 0. */
void cz__give_way(uint32_t *turns);

int64_t cz__monotonic_ns(void);
/* Measure the rate of the tick counter; call before the others. Any number of times. */
void cz__ticks_setup(void);
uint64_t cz__ticks(void);
uint64_t cz__ticks_of_ns(int64_t ns);
/* Of a time of CLOCK_MONOTONIC; the inverse of cz_ticks_ns. */
uint64_t cz__ticks_at(int64_t ns);
/* Of a duration, by the rate measured at the start; cz_ticks_ns is for points in time. */
uint64_t cz__ns_of_ticks(uint64_t ticks);

/* Whether the list of this process's mappings can be read, now and later: it stays open. Not for
 * two threads at a time, nor is the next. */
bool cz__maps_open(void);
typedef void cz__maps_line(void *context, const char *line);
/* Call line_is for each line of the list. False: it could not be read, or not to its end. */
bool cz__maps_read(cz__maps_line *line_is, void *context);

/* Zeroed memory of so many bytes, a power of two, aligned to its size. NULL: none. */
void *cz__os_map(uint64_t bytes);
void cz__os_unmap(void *memory, uint64_t bytes);
/* Give the pages back but keep the addresses: they read as zero when used again. */
void cz__os_empty(void *memory, uint64_t bytes);

/* Zeroed, sparse memory that other processes of this user can map, read-only, through
 * the descriptor; *fd is -1 where that cannot be and the memory is private. NULL: no
 * address space. */
void *cz__segment_map(const char *name, uint64_t bytes, int *fd);
/* The same, for others to write as well; NULL where that cannot be. */
void *cz__control_map(const char *name, uint64_t bytes, int *fd);
/* In the child of a fork: private memory at the same address, and the descriptor closed. */
void cz__segment_detach(void *memory, uint64_t bytes, int *fd);
/* The kernel's number of the calling thread. */
uint32_t cz__thread_id(void);

#endif
