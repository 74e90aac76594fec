/* Statistics: accounts and ledgers, samples, and the segment that others read. */
#include "running.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- accounts ------------------------------------------------------------------------ */

static void test_one_name_is_one_account_per_lane(void)
{
    uint32_t native, python;
    set_up(1, 64);
    native = cz_pool_account(pool, CZ_LANE_NATIVE, "price");
    python = cz_pool_account(pool, CZ_LANE_PYTHON, "price");
    CHECK(native > 1 && python > 1 && native != python);
    CHECK(cz_pool_account(pool, CZ_LANE_NATIVE, "price") == native);
    CHECK(cz_pool_account(pool, CZ_LANE_NATIVE, "pric") != native);
    CHECK(cz_pool_account(pool, CZ_LANE_NATIVE, "prices") != native);
    tear_down();
}

static void test_long_name_is_cut_between_characters(void)
{
    char name[200] = "";
    const struct cz__account *account;
    set_up(1, 64);
    for (int i = 0; i < 60; i++)
        strcat(name, "\xc3\xa4");
    account = (const struct cz__account *)(const void *)(pool->stats->base +
                                                         pool->stats->segment->accounts_at);
    account += cz_pool_account(pool, CZ_LANE_NATIVE, name);
    CHECK(strlen(account->name) == 110);
    tear_down();
}

static void test_names_beyond_the_table_share_the_account_of_the_unnamed(void)
{
    char name[32];
    set_up(1, 64);
    for (int i = 0; i < CZ__ACCOUNTS - 2; i++) {
        snprintf(name, sizeof name, "task-%d", i);
        CHECK(cz_pool_account(pool, CZ_LANE_NATIVE, name) == (uint32_t)i + 2);
    }
    CHECK(cz_pool_account(pool, CZ_LANE_NATIVE, "one more") == 0);
    CHECK(cz_pool_account(pool, CZ_LANE_PYTHON, "one more") == 1);
    CHECK(cz_pool_account(pool, CZ_LANE_NATIVE, "task-7") == 9);
    tear_down();
}

static void test_accounts_beyond_the_ledgers_count_with_the_unnamed(void)
{
    struct cz_type *type;
    set_up(1, 64);
    pool->stats->ledgers = CZ__LEDGERS - 1;
    type = named_type(succeed, "has the last");
    run(type, CZ_NORMAL, 1);
    CHECK(pool->stats->ledgers == CZ__LEDGERS);
    type = named_type(succeed, "has none");
    run(type, CZ_NORMAL, 3);
    CHECK(pool->stats->ledgers == CZ__LEDGERS && counted(type, CZ_COUNT_COMPLETED) == 3);
    type->account = 0;
    run(type, CZ_NORMAL, 1);
    CHECK(counted(type, CZ_COUNT_COMPLETED) == 4);
    tear_down();
}

/* --- samples --------------------------------------------------------------------------- */

static uint64_t samples(void)
{
    return atomic_load(&pool->stats->segment->samples);
}

static void test_idle_pool_dozes_and_a_task_starts_the_sampling_again(void)
{
    struct cz_type *type;
    uint64_t before;
    set_up(1, 64);
    type = named_type(succeed, "wakes");
    while (atomic_load(&pool->clock.bell.dozing) != CZ__DOZING_DEEPLY)
        sched_yield();
    before = samples();
    while (samples() < before + 3) /* one or two may have been on their way */
        run(type, CZ_NORMAL, 1);
    tear_down();
}

static void test_depths_are_those_of_the_queues(void)
{
    struct cz_record *records[5];
    const struct cz__segment *segment;
    const void *memory;
    uint64_t bytes;
    set_up(1, 64);
    records[0] = call_push(lane, cache, named_type(block, "block"), NULL, CZ_NORMAL);
    gate_pass(&entered);
    for (int i = 1; i < 5; i++)
        records[i] =
            call_push(lane, cache, named_type(succeed, "queued"), NULL, i < 4 ? CZ_NORMAL : CZ_LOW);
    CHECK(cz_pool_stats(pool, &memory, &bytes) == 1);
    segment = memory;
    CHECK(segment->bytes == bytes && segment->pid == (uint64_t)getpid());
    CHECK(atomic_load(&segment->depth[0][CZ_NORMAL]) == 3);
    CHECK(atomic_load(&segment->depth[0][CZ_LOW]) == 1);
    CHECK(atomic_load(&segment->memory_used) >= 5 * 128);
    CHECK(atomic_load(&segment->memory_bytes) >= atomic_load(&segment->memory_used));
    gate_open(&leave, 1);
    for (int i = 0; i < 5; i++) {
        CHECK(cz_record_wait(records[i], -1) == 0);
        cz_record_drop(cache, records[i]);
    }
    tear_down();
}

/* --- the file ------------------------------------------------------------------------- */

static void test_others_can_read_it_and_change_neither_size_nor_contents(void)
{
    char path[64];
    void *map;
    int fd;
    set_up(1, 64);
    CHECK(pool->stats->fd >= 0);
    CHECK(fcntl(pool->stats->fd, F_GET_SEALS) & F_SEAL_SHRINK);
    CHECK(ftruncate(pool->stats->fd, 0) == -1);
    map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, pool->stats->fd, 0);
    CHECK(map != MAP_FAILED && memcmp(map, "czstats\n", 8) == 0);
    CHECK(memcmp(map, pool->stats->segment, 64) == 0 && munmap(map, 4096) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", pool->stats->fd);
    fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd < 0 || mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
    if (fd >= 0)
        close(fd);
    tear_down();
}

static void test_joined_pool_has_no_file(void)
{
    int fd;
    set_up(1, 64);
    fd = pool->stats->fd;
    cz_cache_destroy(cache);
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, -1) == 0);
    CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
    cz_pool_destroy(pool);
    CHECK(atomic_load(&check_live) == 0);
}

#if defined(__SANITIZE_THREAD__)
/* ThreadSanitizer and fork do not mix. */
static void test_child_of_a_fork_counts_nowhere(void)
{
}
#else
static void test_child_of_a_fork_counts_nowhere(void)
{
    struct cz_type *type;
    int fd, status;
    pid_t child;
    set_up(1, 64);
    type = named_type(succeed, "both");
    run(type, CZ_NORMAL, 2);
    fd = pool->stats->fd;
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
        CHECK(pool->stats->segment->pid == 0);
        cz_type_count(type, CZ_COUNT_COMPLETED, 5);
        CHECK(counted(type, CZ_COUNT_COMPLETED) == 5);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(counted(type, CZ_COUNT_COMPLETED) == 2);
    run(type, CZ_NORMAL, 1);
    CHECK(counted(type, CZ_COUNT_COMPLETED) == 3);
    tear_down();
}
#endif

/* --- none ----------------------------------------------------------------------------- */

static int32_t chunk(const struct cz_span *spans, int64_t inner, int64_t begin, int64_t end,
                     int64_t *failed, void **error)
{
    (void)spans, (void)inner, (void)begin, (void)end, (void)failed, (void)error;
    return 0;
}

static void run_batch(uint32_t account)
{
    struct cz_span span = {NULL, 0, 0};
    struct cz_batch *batch;
    CHECK(cz_batch_submit(lane, chunk, &span, 1, 1, 100, 10, CZ_LOW, 0, account, NULL, &batch) ==
          0);
    CHECK(cz_batch_wait(batch, -1) == 0);
    cz_batch_drop(batch);
}

static void test_pool_may_go_without(void)
{
    struct cz_pool_options options = pool_options(1, 64);
    struct cz_type *type;
    const void *segment;
    uint64_t bytes;
    options.without_stats = 1;
    set_up_with(&options);
    CHECK(cz_pool_stats(pool, &segment, &bytes) == 0);
    CHECK(cz_pool_account(pool, CZ_LANE_PYTHON, "x") == 1);
    type = named_type(succeed, "x");
    cz_type_count(type, CZ_COUNT_RERUN, 1);
    run(type, CZ_CRITICAL, 10);
    run_batch(type->account);
    tear_down();
}

int main(void)
{
    RUN(test_one_name_is_one_account_per_lane);
    RUN(test_long_name_is_cut_between_characters);
    RUN(test_names_beyond_the_table_share_the_account_of_the_unnamed);
    RUN(test_accounts_beyond_the_ledgers_count_with_the_unnamed);
    RUN(test_idle_pool_dozes_and_a_task_starts_the_sampling_again);
    RUN(test_depths_are_those_of_the_queues);
    RUN(test_others_can_read_it_and_change_neither_size_nor_contents);
    RUN(test_joined_pool_has_no_file);
    RUN(test_child_of_a_fork_counts_nowhere);
    RUN(test_pool_may_go_without);
    return 0;
}
