/* Meters: buckets, accounts and ledgers, what ends count as, samples, forks. */
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os.h"
#include "pool.h"

static struct cz_pool *pool;
static struct cz_cache *cache;
static struct cz_lane *lane;
static struct gate entered, leave;

static void set_up(uint32_t workers)
{
    pool = pool_start(workers, 64);
    cache = cz_cache_create(pool);
    lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    gate_init(&entered);
    gate_init(&leave);
}

static void tear_down(void)
{
    cz_cache_destroy(cache);
    pool_stop(pool);
}

static int32_t succeed(void *payload, void **error)
{
    (void)payload;
    (void)error;
    return 0;
}

static int32_t fail(void *payload, void **error)
{
    (void)payload;
    (void)error;
    return 1;
}

static int32_t block(void *payload, void **error)
{
    (void)payload;
    (void)error;
    gate_open(&entered, 1);
    gate_pass(&leave);
    return 0;
}

static struct cz_type *named_type(cz_entry entry, const char *name)
{
    struct cz_type *type = call_type(pool, entry);
    cz_type_account(type, cz_pool_account(pool, CZ_LANE_NATIVE, name));
    return type;
}

static void run(const struct cz_type *type, uint32_t level, int times)
{
    for (int i = 0; i < times; i++) {
        struct cz_record *record = call_push(lane, cache, type, NULL, level);
        CHECK(cz_record_wait(record, -1) == 0);
        cz_record_drop(cache, record);
    }
}

/* Sums over the meters, as a reader does it. */
static uint64_t counted(const struct cz_type *type, enum cz_count what)
{
    struct cz__stats *stats = pool->stats;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < stats->meters_most; i++)
        if (atomic_load(&stats->blocks[i].ledgers[type->account]))
            sum += atomic_load(&cz__ledger_of(&stats->meters[i], type->account)->counts[what]);
    return sum;
}

static uint64_t summed(const struct cz_type *type, bool run)
{
    struct cz__stats *stats = pool->stats;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < stats->meters_most; i++) {
        struct cz__ledger *ledger;
        if (atomic_load(&stats->blocks[i].ledgers[type->account]) == 0)
            continue;
        ledger = cz__ledger_of(&stats->meters[i], type->account);
        for (unsigned j = 0; j < CZ__BUCKETS; j++)
            sum += atomic_load(run ? &ledger->run.count[j] : &ledger->wait.count[j]);
    }
    return sum;
}

static uint64_t waited_at(unsigned level)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < pool->stats->meters_most; i++)
        for (unsigned j = 0; j < CZ__BUCKETS; j++)
            sum += atomic_load(&pool->stats->blocks[i].wait[level].count[j]);
    return sum;
}

/* --- buckets ------------------------------------------------------------------------- */

static void check_bucket(uint64_t ticks)
{
    unsigned bucket = cz__bucket(ticks);
    uint64_t low = cz__bucket_low(bucket), next = cz__bucket_low(bucket + 1);
    CHECK(bucket < CZ__BUCKETS && low <= ticks && ticks < next);
    /* The middle is less than 1.6 percent away: |ticks - middle| * 64 <= ticks. */
    CHECK((next - low) * 32 <= low || next - low == 1);
}

static void test_every_time_is_in_its_bucket_and_near_its_middle(void)
{
    uint64_t random = 88172645463325252u;
    for (uint64_t ticks = 0; ticks < 100000; ticks++)
        check_bucket(ticks);
    for (unsigned shift = 6; shift < CZ__TICK_BITS; shift++)
        for (int64_t off = -2; off <= 2; off++)
            check_bucket(((uint64_t)1 << shift) + (uint64_t)off);
    for (int i = 0; i < 1000000; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        check_bucket(random >> (64 - CZ__TICK_BITS) >> (random % CZ__TICK_BITS));
    }
}

static void test_buckets_are_numbered_without_gap_and_the_last_takes_the_rest(void)
{
    for (unsigned i = 0; i < CZ__BUCKETS; i++)
        CHECK(cz__bucket(cz__bucket_low(i)) == i);
    CHECK(cz__bucket(((uint64_t)1 << CZ__TICK_BITS) - 1) == CZ__BUCKETS - 1);
    CHECK(cz__bucket((uint64_t)1 << CZ__TICK_BITS) == CZ__BUCKETS - 1);
    CHECK(cz__bucket(UINT64_MAX) == CZ__BUCKETS - 1);
}

/* --- accounts ------------------------------------------------------------------------ */

static void test_one_name_is_one_account_per_lane(void)
{
    uint32_t native, python;
    set_up(1);
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
    set_up(1);
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
    set_up(1);
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
    set_up(1);
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

/* --- what is counted --------------------------------------------------------------------- */

static void test_each_run_is_counted_before_its_waiter_goes_on(void)
{
    struct cz_type *good, *bad;
    set_up(2);
    good = named_type(succeed, "good");
    bad = named_type(fail, "bad");
    for (uint64_t i = 1; i <= 200; i++) {
        run(good, CZ_HIGH, 1);
        CHECK(counted(good, CZ_COUNT_COMPLETED) == i);
        run(bad, CZ_LOW, 1);
        CHECK(counted(bad, CZ_COUNT_FAILED) == i);
    }
    CHECK(counted(good, CZ_COUNT_FAILED) == 0 && counted(bad, CZ_COUNT_COMPLETED) == 0);
    CHECK(summed(good, true) == 200 && summed(good, false) == 200);
    CHECK(waited_at(CZ_HIGH) == 200 && waited_at(CZ_LOW) == 200 && waited_at(CZ_NORMAL) == 0);
    tear_down();
}

static void test_cancelled_call_counts_as_that_alone(void)
{
    struct cz_record *first, *second;
    struct cz_type *type;
    set_up(1);
    type = named_type(block, "block");
    first = call_push(lane, cache, type, NULL, CZ_NORMAL);
    gate_pass(&entered);
    second = call_push(lane, cache, type, NULL, CZ_NORMAL);
    CHECK(cz_record_cancel(second) == 1 && cz_record_cancel(second) == 0);
    CHECK(counted(type, CZ_COUNT_CANCELLED) == 1 && summed(type, true) == 0);
    gate_open(&leave, 1);
    CHECK(cz_record_wait(first, -1) == 0);
    CHECK(counted(type, CZ_COUNT_COMPLETED) == 1 && counted(type, CZ_COUNT_CANCELLED) == 1);
    cz_record_drop(cache, first);
    cz_record_drop(cache, second);
    tear_down();
}

static void test_diverted_failure_counts_when_it_is_concluded(void)
{
    struct cz_record *record;
    struct cz_type *type;
    uint32_t reasons;
    set_up(1);
    type = named_type(fail, "fail");
    record = call_new(cache, type, NULL);
    CHECK(cz_record_limit(record, 0, 1) == 0);
    CHECK(cz_lane_push(lane, record, CZ_NORMAL) == 0);
    for (uint64_t tries = 1; tries <= 3; tries++) {
        while (cz_mail_take(pool, &reasons) == NULL)
            cz_mail_wait(pool, SECOND_NS);
        CHECK(reasons == CZ_MAIL_FAILED && summed(type, true) == tries);
        CHECK(counted(type, CZ_COUNT_FAILED) == 0);
        if (tries < 3)
            CHECK(cz_record_retry(lane, record, 0) == 0);
    }
    cz_record_conclude(cache, record, CZ_FAILED);
    CHECK(counted(type, CZ_COUNT_FAILED) == 1 && counted(type, CZ_COUNT_RETRIED) == 2);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_run_that_was_abandoned_counts_once(void)
{
    struct cz_record *record;
    struct cz_type *type;
    set_up(1);
    type = named_type(block, "block");
    record = call_push(lane, cache, type, NULL, CZ_NORMAL);
    gate_pass(&entered);
    CHECK(cz_record_abandon(record, CZ_CANCELLED) == 1);
    gate_open(&leave, 1);
    while (summed(type, true) == 0)
        sched_yield();
    run(named_type(succeed, "next"), CZ_NORMAL, 1); /* the worker is through with the first */
    CHECK(counted(type, CZ_COUNT_CANCELLED) == 1 && counted(type, CZ_COUNT_COMPLETED) == 0);
    cz_record_drop(cache, record);
    tear_down();
}

static int32_t chunk_fails_at_7(const struct cz_span *spans, int64_t inner, int64_t begin,
                                int64_t end, int64_t *failed, void **error)
{
    (void)spans;
    (void)inner;
    (void)error;
    if (begin > 7 || end <= 7)
        return 0;
    *failed = 7;
    return 1;
}

static void run_batch(uint32_t account, int flags)
{
    struct cz_span span = {NULL, 0, 0};
    struct cz_batch *batch;
    CHECK(cz_batch_submit(lane, chunk_fails_at_7, &span, 1, 1, 100, 10, CZ_LOW, flags, account,
                          NULL, &batch) == 0);
    CHECK(cz_batch_wait(batch, -1) == 0);
    cz_batch_drop(batch);
}

static void test_items_of_a_batch_are_calls(void)
{
    struct cz_type *type;
    set_up(1);
    type = named_type(succeed, "items");
    run_batch(type->account, CZ_BATCH_COLLECT);
    CHECK(counted(type, CZ_COUNT_COMPLETED) == 99 && counted(type, CZ_COUNT_FAILED) == 1);
    CHECK(summed(type, true) == 100 && waited_at(CZ_LOW) == 100);
    tear_down();
}

static void test_items_behind_the_failure_that_stops_a_batch_are_not_counted(void)
{
    struct cz_type *type;
    set_up(1);
    type = named_type(succeed, "items");
    run_batch(type->account, 0);
    CHECK(counted(type, CZ_COUNT_COMPLETED) == 7 && counted(type, CZ_COUNT_FAILED) == 1);
    CHECK(counted(type, CZ_COUNT_CANCELLED) == 0);
    tear_down();
}

static void test_call_run_by_its_submitter_is_counted(void)
{
    struct cz_record *record;
    struct cz_type *type;
    set_up(1);
    type = named_type(succeed, "here");
    record = call_new(cache, type, NULL);
    record->level = CZ_NORMAL;
    record->queued_at = cz_ticks();
    CHECK(cz_record_start(record));
    cz_record_run(record);
    CHECK(counted(type, CZ_COUNT_COMPLETED) == 1);
    cz_record_release(cache, record);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_pool_without_statistics_runs_the_same(void)
{
    struct cz_pool_options options = pool_options(1, 64);
    const void *segment;
    uint64_t bytes;
    options.without_stats = 1;
    CHECK(cz_pool_create(&options, &pool) == 0);
    cache = cz_cache_create(pool);
    lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    CHECK(cz_pool_stats(pool, &segment, &bytes) == 0);
    run(named_type(fail, "x"), CZ_CRITICAL, 10);
    run_batch(cz_pool_account(pool, CZ_LANE_NATIVE, "y"), 0);
    tear_down();
}

/* --- workers ------------------------------------------------------------------------- */

static void test_worker_shows_what_it_is_inside_of(void)
{
    struct cz_record *record;
    struct cz_type *type;
    struct cz__block *block_;
    set_up(1);
    type = named_type(block, "block");
    block_ = &pool->stats->blocks[0];
    CHECK(atomic_load(&block_->kind) == CZ__METER_NATIVE && atomic_load(&block_->here));
    record = call_push(lane, cache, type, NULL, CZ_NORMAL);
    gate_pass(&entered);
    CHECK(atomic_load(&block_->started) && atomic_load(&block_->account) == type->account);
    gate_open(&leave, 1);
    CHECK(cz_record_wait(record, -1) == 0);
    while (atomic_load(&block_->started))
        sched_yield();
    CHECK(atomic_load(&block_->done) == 1 && atomic_load(&block_->busy) > 0);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_guest_goes_on_with_the_meter_of_one_that_left(void)
{
    struct cz_lane *python;
    struct cz_guest *guest;
    uint32_t taken = 0;
    set_up(1);
    python = cz_pool_lane(pool, CZ_LANE_PYTHON);
    for (int i = 0; i < 10; i++) {
        guest = cz_guest_enter(python);
        cz_guest_leave(guest);
    }
    for (uint32_t i = 0; i < pool->stats->meters_most; i++)
        taken += atomic_load(&pool->stats->blocks[i].kind) == CZ__METER_PYTHON;
    CHECK(taken == 1);
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
    set_up(1);
    type = named_type(succeed, "wakes");
    while (atomic_load(&pool->clock.dozing) != CZ__DOZING_DEEPLY)
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
    set_up(1);
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

static void test_size_and_contents_are_sealed_for_others(void)
{
    char path[64];
    int fd;
    set_up(1);
    CHECK(pool->stats->fd >= 0);
    CHECK(fcntl(pool->stats->fd, F_GET_SEALS) & F_SEAL_SHRINK);
    CHECK(ftruncate(pool->stats->fd, 0) == -1);
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
    set_up(1);
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
    set_up(1);
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

int main(void)
{
    RUN(test_every_time_is_in_its_bucket_and_near_its_middle);
    RUN(test_buckets_are_numbered_without_gap_and_the_last_takes_the_rest);
    RUN(test_one_name_is_one_account_per_lane);
    RUN(test_long_name_is_cut_between_characters);
    RUN(test_names_beyond_the_table_share_the_account_of_the_unnamed);
    RUN(test_accounts_beyond_the_ledgers_count_with_the_unnamed);
    RUN(test_each_run_is_counted_before_its_waiter_goes_on);
    RUN(test_cancelled_call_counts_as_that_alone);
    RUN(test_diverted_failure_counts_when_it_is_concluded);
    RUN(test_run_that_was_abandoned_counts_once);
    RUN(test_items_of_a_batch_are_calls);
    RUN(test_items_behind_the_failure_that_stops_a_batch_are_not_counted);
    RUN(test_call_run_by_its_submitter_is_counted);
    RUN(test_pool_without_statistics_runs_the_same);
    RUN(test_worker_shows_what_it_is_inside_of);
    RUN(test_guest_goes_on_with_the_meter_of_one_that_left);
    RUN(test_idle_pool_dozes_and_a_task_starts_the_sampling_again);
    RUN(test_depths_are_those_of_the_queues);
    RUN(test_size_and_contents_are_sealed_for_others);
    RUN(test_joined_pool_has_no_file);
    RUN(test_child_of_a_fork_counts_nowhere);
    return 0;
}
