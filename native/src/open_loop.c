#include "open_loop.h"

#include <string.h>

#include "os.h"
#include "pool.h"

enum {
    SLOTS_MOST = 64,
    PIECE_NS = 50000,
    GROWTH = 4,             /* of a piece over the one before */
    DIVISIONS_MOST = 4096,  /* where the division is ours */
    LOOK_NS = 20 * 1000000, /* between two looks whether the owner was interrupted */
};

struct open_loop {
    struct open_loop *next; /* guarded by `lock`, as `free_slots` is */
    uint64_t free_slots;
    int64_t threads;
    int64_t length;            /* iterations */
    _Atomic(int64_t) begun;    /* those that somebody has taken; more, if there are none left */
    _Atomic(uint32_t) helpers; /* inside; the owner sleeps on it */
    bool helped;               /* somebody was; guarded by lock */
    /* constant */
    void (*function)(char **arguments, size_t *dimensions, size_t *steps, void *data);
    char **arguments;
    size_t *dimensions, *steps;
    void *data;
    size_t inner, arrays;
    int (*was_interrupted)(void);
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct open_loop *loops;        /* guarded by lock */
static _Atomic(struct cz_pool *) home; /* written under lock */
/* 0: no loop has pieces and a slot for a helper. Written under lock. */
static _Atomic(uint32_t) worth_a_look;
static uint32_t account;                  /* in the home's native lane; guarded by lock */
static _Atomic(int64_t) threads_at_first; /* of who has not set them */
static int (*ask_owner)(void);            /* guarded by lock */

static _Thread_local int64_t own_threads, own_slot;
static _Thread_local uint64_t own_chunk;

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

/* Without the threads of the home. */
static void after_fork_in_child(void)
{
    cz__store_relaxed(&home, NULL);
    cz__store_relaxed(&worth_a_look, 0);
    loops = NULL;
    pthread_mutex_unlock(&lock);
}

/* Before there is anything to lock: a fork may come at any time. */
__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

void cz_open_loops_home(struct cz_pool *pool, int64_t threads, void *interrupted)
{
    uint32_t number = cz_pool_account(pool, CZ_LANE_NATIVE, "numba");
    pthread_mutex_lock(&lock);
    account = number;
    ask_owner = (int (*)(void))(uintptr_t)interrupted;
    cz__store_relaxed(&threads_at_first, threads);
    cz__store_release(&home, pool);
    pthread_mutex_unlock(&lock);
}

void cz__open_loops_leave(struct cz_pool *pool)
{
    pthread_mutex_lock(&lock);
    if (cz__load_relaxed(&home) == pool)
        cz__store_release(&home, NULL);
    pthread_mutex_unlock(&lock);
}

/* --- pieces ------------------------------------------------------------------------------------
 */

struct piece {
    int64_t begin, end;
};

static void run_piece(const struct open_loop *loop, struct piece piece)
{
    size_t dimensions[loop->inner + 1];
    char *arguments[loop->arrays ? loop->arrays : 1];
    memcpy(dimensions, loop->dimensions, sizeof dimensions);
    dimensions[0] = (size_t)(piece.end - piece.begin);
    for (size_t i = 0; i < loop->arrays; i++)
        arguments[i] = loop->arguments[i] + loop->steps[i] * (size_t)piece.begin;
    loop->function(arguments, dimensions, loop->steps, loop->data);
}

/* At most so many iterations, and fewer towards the end. False: all were taken. */
static bool take_piece(struct open_loop *loop, int64_t most, struct piece *piece)
{
    int64_t left = loop->length - cz__load_relaxed(&loop->begun), share;
    if (left <= 0)
        return false;
    share = left / (2 * loop->threads) + 1;
    most = most < share ? most : share;
    piece->begin = cz__add_relaxed(&loop->begun, most);
    piece->end = loop->length - piece->begin < most ? loop->length : piece->begin + most;
    return piece->begin < loop->length;
}

/* How long the piece after this one may be. */
static int64_t adapted(struct piece piece, int64_t took_ns)
{
    double ran = (double)(piece.end - piece.begin), fit = ran * PIECE_NS / ((double)took_ns + 1);
    if (fit > ran * GROWTH)
        fit = ran * GROWTH;
    return fit < 1 ? 1 : (int64_t)fit;
}

/* --- helpers -----------------------------------------------------------------------------------
 */

bool cz__open_loop_ready(const struct cz__thread *thread)
{
    /* seq_cst: either we see the loop, or its owner us among the sleepers. */
    return cz__load_seqcst(&worth_a_look) && !thread->apart &&
           cz__load_relaxed(&home) == thread->pool;
}

/* A loop with pieces left and a slot that is free; it is helped from here on. */
static struct open_loop *join_some(int64_t *slot)
{
    struct open_loop *loop;
    pthread_mutex_lock(&lock);
    for (loop = loops; loop; loop = loop->next)
        if (loop->free_slots && cz__load_relaxed(&loop->begun) < loop->length)
            break;
    if (loop) {
        *slot = __builtin_ctzll(loop->free_slots);
        loop->free_slots &= ~((uint64_t)1 << *slot);
        cz__add_relaxed(&loop->helpers, 1);
        loop->helped = true;
    } else {
        cz__store_seqcst(&worth_a_look, 0);
    }
    pthread_mutex_unlock(&lock);
    return loop;
}

static void part_from(struct open_loop *loop, int64_t slot)
{
    pthread_mutex_lock(&lock);
    loop->free_slots |= (uint64_t)1 << slot;
    cz__store_seqcst(&worth_a_look, 1);
    /* Release: what the pieces wrote is the owner's to read. It goes on when it has the lock. */
    if (cz__sub_acqrel(&loop->helpers, 1) == 1)
        cz__futex_wake(&loop->helpers, 1);
    pthread_mutex_unlock(&lock);
}

static void help(struct cz__thread *thread, struct open_loop *loop, int64_t slot)
{
    struct cz__worker *worker = &thread->worker;
    int64_t most = 1, before = cz__monotonic_ns();
    struct piece piece;
    own_slot = slot;
    own_threads = loop->threads;
    while (take_piece(loop, most, &piece)) {
        int64_t now;
        run_piece(loop, piece);
        if (cz__lane_ready(worker->lane, worker->levels))
            break;
        now = cz__monotonic_ns();
        most = adapted(piece, now - before);
        before = now;
    }
    own_slot = own_threads = 0;
}

bool cz__open_loop_help(struct cz__thread *thread)
{
    int64_t slot;
    struct open_loop *loop;
    uint64_t start;
    if (!cz__open_loop_ready(thread) || (loop = join_some(&slot)) == NULL)
        return false;
    thread->in_long = true;
    cz__lane_enter_long(thread->worker.lane);
    start = cz__ticks();
    cz__meter_begin(thread->worker.meter, account, NULL, start);
    help(thread, loop, slot);
    cz__meter_end(thread->worker.meter, cz__ticks() - start);
    part_from(loop, slot);
    cz__lane_leave_long(thread->worker.lane);
    return true;
}

/* --- owners ------------------------------------------------------------------------------------
 */

static void open_up(struct open_loop *loop)
{
    struct cz_pool *pool;
    pthread_mutex_lock(&lock);
    loop->was_interrupted = ask_owner;
    pool = cz__load_relaxed(&home); /* it cannot go while the lock is held */
    if (pool && loop->free_slots && loop->length > 1) {
        int64_t more = loop->length < loop->threads ? loop->length : loop->threads;
        loop->next = loops;
        loops = loop;
        cz__store_seqcst(&worth_a_look, 1); /* before the look at the sleepers */
        while (--more > 0 && cz__sleep_wake_one(&pool->native.sleep))
            ;
    }
    pthread_mutex_unlock(&lock);
}

static void close_up(struct open_loop *loop)
{
    pthread_mutex_lock(&lock);
    for (struct open_loop **at = &loops; *at; at = &(*at)->next)
        if (*at == loop) {
            *at = loop->next;
            break;
        }
    pthread_mutex_unlock(&lock);
}

/* Give up the iterations that nobody has begun, if the owner was interrupted. */
static void look(struct open_loop *loop, int64_t now, int64_t *next)
{
    if (loop->was_interrupted == NULL || now < *next)
        return;
    if (loop->was_interrupted())
        cz__store_relaxed(&loop->begun, loop->length);
    *next = now + LOOK_NS;
}

static void await_helpers(struct open_loop *loop, int64_t *next)
{
    uint32_t inside;
    while ((inside = cz__load_acquire(&loop->helpers))) {
        cz__futex_wait(&loop->helpers, inside, LOOK_NS);
        look(loop, cz__monotonic_ns(), next);
    }
    pthread_mutex_lock(&lock); /* the last of them has left it then, and the loop */
    pthread_mutex_unlock(&lock);
    if (loop->helped)
        cz__stats_helped();
}

void cz_open_loop_run(void *function, char **arguments, size_t *dimensions, size_t *steps,
                      void *data, size_t inner, size_t arrays, int64_t threads)
{
    struct open_loop loop = {.arguments = arguments, .dimensions = dimensions, .steps = steps};
    int64_t slot = own_slot, before = own_threads;
    int64_t last = cz__monotonic_ns(), next = last + LOOK_NS, now, most = 1;
    struct piece piece;
    loop.function = (void (*)(char **, size_t *, size_t *, void *))(uintptr_t)function;
    loop.data = data;
    loop.inner = inner;
    loop.arrays = arrays;
    loop.threads = threads < 1 ? 1 : threads < SLOTS_MOST ? threads : SLOTS_MOST;
    loop.length = (int64_t)dimensions[0];
    loop.free_slots = (~(uint64_t)0 >> (SLOTS_MOST - loop.threads)) & ~(uint64_t)1;
    open_up(&loop);
    own_slot = 0;
    own_threads = loop.threads;
    while (take_piece(&loop, most, &piece)) {
        run_piece(&loop, piece);
        now = cz__monotonic_ns();
        most = adapted(piece, now - last);
        look(&loop, now, &next);
        last = now;
    }
    own_slot = slot;
    own_threads = before;
    close_up(&loop);
    await_helpers(&loop, &next);
}

/* --- what Numba asks about threads -------------------------------------------------------------
 */

int64_t cz_open_loop_threads(void)
{
    return own_threads ? own_threads : cz__load_relaxed(&threads_at_first);
}

void cz_open_loop_set_threads(int32_t threads)
{
    own_threads = threads;
}

int64_t cz_open_loop_slot(void)
{
    return own_slot;
}

uint64_t cz_open_loop_chunk(void)
{
    return own_chunk;
}

uint64_t cz_open_loop_set_chunk(uint32_t iterations)
{
    uint64_t before = own_chunk;
    own_chunk = iterations;
    return before;
}

uint64_t cz_open_loop_divisions(uint64_t threads, uint64_t count, const int64_t *first,
                                const int64_t *last)
{
    uint64_t total = 1, divisions = 1;
    for (uint64_t i = 0; i < count; i++)
        total *= last[i] < first[i] ? 0 : (uint64_t)(last[i] - first[i]) + 1;
    if (own_chunk)
        divisions = total / own_chunk;
    else /* the root of the total, twice: many of a long loop, each not too short */
        while (divisions < DIVISIONS_MOST && divisions * divisions < total)
            divisions *= 2;
    return divisions < threads ? threads : divisions;
}
