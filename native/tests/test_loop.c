/* Parallel loops: C functions that call what compiled code calls. */
#include "loop.h"
#include "running.h"

enum { MOST = 5000, NEVER = -1 };

/* What one loop is to do, and has done. */
struct job {
    int64_t length, failing,
        inner; /* `failing`: fails there and behind; `inner`: of loops inside */
    int32_t whole;
    double result;
    int64_t failed;
    int64_t cost;
    _Atomic(int) ran[MOST];
};

static void *function(void (*any)(void))
{
    return (void *)(uintptr_t)any;
}

#define FUNCTION(f) function((void (*)(void))(uintptr_t)(f))

static double term(int64_t i)
{
    return 1.0 / (double)(i * 7 % 97 + 1);
}

static int32_t merge(void *into, const void *partial, void **error)
{
    (void)error;
    *(double *)into += *(const double *)partial;
    return 0;
}

static int32_t add_terms(void *context, int64_t begin, int64_t end, void *partial, void **error,
                         int32_t how)
{
    (void)context, (void)error, (void)how;
    for (int64_t i = begin; i < end; i++)
        *(double *)partial += term(i);
    return 0;
}

static _Atomic(int) raised, dropped, heard; /* errors of jobs */

static void drop_error(int32_t status, void *error)
{
    CHECK(status == 1 && error != NULL);
    atomic_fetch_add(&dropped, 1);
}

static double sum_of(int64_t length, int64_t *cost, int32_t whole)
{
    void *context = cz_loop_begin(length, 8, sizeof(double)), *error = NULL;
    double *result = (double *)(void *)((char *)context + 64);
    double found;
    *result = 0;
    CHECK(cz_loop_run(context, FUNCTION(add_terms), FUNCTION(merge), cost, whole, NULL, &error) ==
          0);
    found = *result;
    cz_loop_end(context);
    return found;
}

static int32_t body(void *context, int64_t begin, int64_t end, void *partial, void **error,
                    int32_t how)
{
    struct job *job = *(struct job **)context;
    (void)how;
    for (int64_t i = begin; i < end; i++) {
        atomic_fetch_add(&job->ran[i], 1);
        if (job->failing != NEVER && i >= job->failing) {
            *error = (void *)(intptr_t)(i + 1);
            atomic_fetch_add(&raised, 1);
            return 1;
        }
        *(double *)partial += term(i);
        if (job->inner) {
            int64_t none = 0;
            *(double *)partial += sum_of(job->inner + i % 3, i % 2 ? &job->cost : &none, 0);
        }
    }
    return 0;
}

static void run_job(struct job *job)
{
    void *context = cz_loop_begin(job->length, sizeof job, sizeof(double)), *error = NULL;
    double *result = (double *)(void *)((char *)context + 64);
    int64_t cost = 0;
    memcpy(context, &job, sizeof job);
    *result = 0;
    job->failed = NEVER;
    if (cz_loop_run(context, FUNCTION(body), FUNCTION(merge), &cost, job->whole,
                    FUNCTION(drop_error), &error)) {
        job->failed = (intptr_t)error - 1;
        atomic_fetch_add(&heard, 1);
    }
    job->result = *result;
    cz_loop_end(context);
}

static int32_t run_jobs_entry(void *payload, void **error)
{
    (void)error;
    run_job(((struct call *)payload)->argument);
    return 0;
}

/* By the definition: blocks in order. */
static double expected(const struct job *job)
{
    int64_t block = (job->length + 127) / 128;
    double sum = 0;
    for (int64_t begin = 0; begin < job->length; begin += block) {
        double partial = 0;
        for (int64_t i = begin; i < begin + block && i < job->length; i++) {
            int64_t none = 0;
            partial += term(i);
            if (job->inner)
                partial += sum_of(job->inner + i % 3, &none, 0);
        }
        sum = begin ? sum + partial : partial;
    }
    return sum;
}

static void check_job(const struct job *job)
{
    int64_t known =
        job->failing == NEVER || job->failing >= job->length ? job->length : job->failing + 1;
    CHECK(job->failed ==
          (known == job->length && job->failing != known - 1 ? NEVER : job->failing));
    for (int64_t i = 0; i < known; i++)
        CHECK(atomic_load(&job->ran[i]) == 1);
    for (int64_t i = known; i < job->length; i++)
        CHECK(atomic_load(&job->ran[i]) <= 1);
    if (job->failed == NEVER)
        CHECK(job->result == expected(job));
}

static struct job jobs[8];

static void draw_job(struct job *job, uint64_t *state)
{
    memset(job, 0, sizeof *job);
    job->length = (int64_t)(draw(state) % (draw(state) % 2 ? 40 : MOST));
    job->failing = draw(state) % 3 ? NEVER : (int64_t)(draw(state) % MOST);
    job->inner = draw(state) % 3 ? 0 : (int64_t)(draw(state) % 30);
    job->whole = draw(state) % 2;
}

static void check_jobs(uint32_t workers, int rounds, int stoppable)
{
    struct cz_type *type;
    uint64_t state = 88172645463325252u + workers;
    set_up(workers, 64);
    type = call_type(pool, run_jobs_entry);
    if (stoppable)
        cz_type_set_interruptible(type);
    for (int round = 0; round < rounds; round++) {
        struct cz_record *records[8];
        int count = round % 3 ? 1 : 8;
        for (int i = 0; i < count; i++) {
            draw_job(&jobs[i], &state);
            records[i] = call_push(lane, cache, type, &jobs[i], CZ_NORMAL);
        }
        for (int i = 0; i < count; i++) {
            CHECK(cz_record_wait(records[i], 60LL * SECOND_NS) == 0);
            cz_record_drop(cache, records[i]);
            check_job(&jobs[i]);
        }
    }
    tear_down();
}

static void test_loops_give_what_their_blocks_give_in_order(void)
{
    check_jobs(1, 40, 1);
    check_jobs(3, 150, 1);
}

static void test_unstoppable_runs_keep_their_loops(void)
{
    check_jobs(2, 20, 0);
}

static void test_threads_that_are_no_workers_run_their_loops(void)
{
    uint64_t state = 1;
    for (int i = 0; i < 50; i++) {
        draw_job(&jobs[0], &state);
        run_job(&jobs[0]);
        check_job(&jobs[0]);
    }
}

/* Iterations that cost nothing, of which a chunk could be longer than a number can say. */
static _Atomic(int64_t) done;

static int32_t pass(void *context, int64_t begin, int64_t end, void *partial, void **error,
                    int32_t how)
{
    (void)context, (void)partial, (void)error, (void)how;
    CHECK(0 <= begin && begin < end);
    atomic_fetch_add(&done, end - begin);
    return 0;
}

static int32_t longest(void *payload, void **error)
{
    for (int64_t width = 0; width <= 8; width += 8) {
        void *context = cz_loop_begin(INT64_MAX, 8, width);
        int64_t cost = 0;
        atomic_store(&done, 0);
        memset((char *)context + 64, 0, (size_t)width);
        CHECK(cz_loop_run(context, FUNCTION(pass), width ? FUNCTION(merge) : NULL, &cost, 0, NULL,
                          error) == 0);
        CHECK(atomic_load(&done) == INT64_MAX);
        cz_loop_end(context);
    }
    ((struct call *)payload)->result = 1;
    return 0;
}

static void test_longest_loop_runs_each_iteration_once(void)
{
    struct cz_record *record;
    set_up(1, 64);
    record = call_push(lane, cache, call_type(pool, longest), NULL, CZ_NORMAL);
    CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0);
    CHECK(call_of(record)->result == 1);
    cz_record_drop(cache, record);
    tear_down();
}

/* --- loops that last until something happens ---------------------------------------------------
 */

static _Atomic(int) enough, inside, urgent_ran;
static _Thread_local int seen;

/* A nanosecond or so for each iteration. */
static int32_t linger(void *context, int64_t begin, int64_t end, void *partial, void **error,
                      int32_t how)
{
    (void)context, (void)partial, (void)error, (void)how;
    if (!seen)
        seen = 1, atomic_fetch_add(&inside, 1);
    for (int64_t i = begin; i < end && !atomic_load(&enough); i++)
        if (i == 0)
            YIELD_UNTIL(atomic_load(&urgent_ran) || atomic_load(&enough) == 2);
    return 0;
}

static int32_t endless(void *payload, void **error)
{
    static int64_t cost;
    int32_t status;
    void *context = cz_loop_begin((int64_t)1 << 50, 8, 0);
    (void)payload;
    status = cz_loop_run(context, FUNCTION(linger), NULL, &cost, 0, NULL, error);
    cz_loop_end(context);
    return status;
}

static int32_t be_urgent(void *payload, void **error)
{
    (void)payload, (void)error;
    atomic_store(&urgent_ran, 1);
    return 0;
}

static struct cz_record *begin_endless(uint32_t workers)
{
    struct cz_type *type;
    atomic_store(&enough, 0);
    atomic_store(&inside, 0);
    atomic_store(&urgent_ran, 0);
    set_up(workers, 64);
    type = call_type(pool, endless);
    cz_type_set_interruptible(type);
    return call_push(lane, cache, type, NULL, CZ_NORMAL);
}

static void test_helper_leaves_for_a_task_that_is_queued(void)
{
    struct cz_record *record = begin_endless(2), *urgent;
    YIELD_UNTIL(atomic_load(&inside) == 2); /* the other one is held by the first iteration */
    urgent = call_push(lane, cache, call_type(pool, be_urgent), NULL, CZ_NORMAL);
    CHECK(cz_record_wait(urgent, 60LL * SECOND_NS) == 0);
    CHECK(phase_of(record) == CZ_RUNNING);
    atomic_store(&enough, 1);
    CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0);
    CHECK(phase_of(record) == CZ_COMPLETED);
    cz_record_drop(cache, urgent);
    cz_record_drop(cache, record);
    tear_down();
}

static void test_stopped_loop_ends_and_leaves_nothing(void)
{
    for (int i = 0; i < 20; i++) {
        struct cz_record *record = begin_endless(3);
        YIELD_UNTIL(atomic_load(&inside) >= 1 + i % 3);
        atomic_store(&urgent_ran, 1); /* let the first iteration go */
        CHECK(cz_record_stop(record, CZ_STOP_CANCEL) == 1);
        CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0);
        CHECK(phase_of(record) == CZ_CANCELLED);
        cz_record_drop(cache, record);
        tear_down();
    }
}

int main(void)
{
    RUN(test_threads_that_are_no_workers_run_their_loops);
    RUN(test_loops_give_what_their_blocks_give_in_order);
    RUN(test_unstoppable_runs_keep_their_loops);
    CHECK(atomic_load(&heard) &&
          atomic_load(&raised) == atomic_load(&dropped) + atomic_load(&heard));
    RUN(test_longest_loop_runs_each_iteration_once);
    RUN(test_helper_leaves_for_a_task_that_is_queued);
    RUN(test_stopped_loop_ends_and_leaves_nothing);
    return 0;
}
