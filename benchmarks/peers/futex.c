/* The least that a round trip between two threads costs: one thread stores a request and
 * wakes the other with a futex, which stores a reply and wakes back. Both sleep in the
 * kernel between; nobody spins. A pause before each trip lets both threads fall asleep,
 * as they are when a program submits a task to an idle pool.
 *
 * usage: futex TRIPS PAUSE_US; prints {"seconds": [one figure per trip]}
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Each counts trips; written by one thread, slept on by the other. */
static _Alignas(64) atomic_int requests;
static _Alignas(64) atomic_int replies;

static void publish(atomic_int *counter, int value)
{
    atomic_store_explicit(counter, value, memory_order_release);
    syscall(SYS_futex, counter, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await(atomic_int *counter, int value)
{
    int seen;
    while ((seen = atomic_load_explicit(counter, memory_order_acquire)) != value)
        syscall(SYS_futex, counter, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void *reply_to_all(void *trips)
{
    for (int i = 1; i <= *(int *)trips; i++) {
        await(&requests, i);
        publish(&replies, i);
    }
    return NULL;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    int trips = argc == 3 ? atoi(argv[1]) : 0;
    int pause_us = argc == 3 ? atoi(argv[2]) : 0;
    if (trips < 1) {
        fprintf(stderr, "usage: futex TRIPS PAUSE_US\n");
        return 2;
    }
    pthread_t thread;
    if (pthread_create(&thread, NULL, reply_to_all, &trips) != 0)
        return 1;
    printf("{\"seconds\": [");
    for (int i = 1; i <= trips; i++) {
        if (pause_us > 0)
            usleep((useconds_t)pause_us);
        double began = now();
        publish(&requests, i);
        await(&replies, i);
        printf("%s%.9f", i == 1 ? "" : ", ", now() - began);
    }
    printf("]}\n");
    pthread_join(thread, NULL);
    return 0;
}
