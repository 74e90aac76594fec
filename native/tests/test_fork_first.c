/* A fork that comes just as another thread makes the first pool of the process: what is set up
 * with it is as a later fork finds it. Each trial is a process of its own, as there is one first
 * time in each. */
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "open_loop.h"
#include "pool.h"
#include "stop.h"

enum { TRIALS = 30 };

static struct cz_pool *pool;
static _Atomic(bool) forking;
static _Atomic(int) rounds;

static void *set_up(void *unused)
{
    struct cz_pool_options options = pool_options(1, 64);
    while (!atomic_load(&forking))
        cz__pause();
    CHECK(cz_pool_create(&options, &pool) == 0);
    for (;;) {
        cz_open_loops_home(pool, 2, NULL);
        cz__stop_possible();
        atomic_fetch_add(&rounds, 1);
    }
    return unused;
}

/* Handlers run from the last registered one on: the library's come behind this one. */
static void let_it_set_up(void)
{
    atomic_store(&forking, true);
    while (atomic_load(&rounds) == 0)
        cz__pause();
}

static void child(void)
{
    alarm(20);
    CHECK(pool->stats->fd < 0); /* it is no runtime */
    cz_open_loops_home(pool, 2, NULL);
    cz__stop_possible();
    _exit(0);
}

static int in_child(void (*run)(void))
{
    int status;
    pid_t process = fork();
    if (process == 0)
        run();
    CHECK(process > 0);
    CHECK(waitpid(process, &status, 0) == process);
    return status;
}

static void trial(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, set_up, NULL) == 0);
    CHECK(pthread_atfork(let_it_set_up, NULL, NULL) == 0);
    CHECK(in_child(child) == 0);
    _exit(0);
}

static void test_fork_beside_the_first_pool(void)
{
    for (int i = 0; i < TRIALS; i++)
        CHECK(in_child(trial) == 0);
}

int main(void)
{
    RUN(test_fork_beside_the_first_pool);
    return 0;
}
