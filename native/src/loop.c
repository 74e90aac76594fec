/* The chunks, the walks and what is given back stand in one file: each is a step of one protocol
 * (native/README.md, "Parallel loops"): hence its length. */
#include "loop.h"

#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "pool.h"

enum {
    CHUNK_NS = 50000,
    SHARED_NS = 40000, /* what is left is worth a wake-up */
    GROWTH = 8,        /* of a chunk over the one before */
    FIRST_MOST = 1024, /* iterations of a first chunk */
    LEFT_MOST = 16,    /* ranges that a thief may give back */
    LONGEST = 62,      /* of a chunk, its logarithm */
    SHORT_LOOP = 1 << 14,
    BLOCKS_OF_SHORT = 128,
    BLOCKS = 1024,
};

struct cz__loop {
    struct cz__loop *next; /* its worker's list */
    struct cz__forker *owner;
    cz_loop_body body;
    int64_t length, room, width;
    int64_t block; /* iterations of one partial result */
    int64_t step;  /* bytes from one partial result to the next */
    bool whole;    /* a block is not divided */
    cz_error_drop drop;
    char *partials;
    uint64_t chunk_ticks, shared_ticks;
    CZ_ALIGNED _Atomic(int64_t) failed_at; /* by now the first that failed, or length */
    _Atomic(int64_t) cost;                 /* ticks of 1024 iterations; 0: not known */
    CZ_ALIGNED char context[];
};

static_assert(sizeof(struct cz__loop) % CZ_CACHE_LINE == 0, "the context is aligned");

struct piece {
    int64_t begin, end;
};

/* What an offered call is given, and what has come of it. */
struct range {
    struct cz__loop *loop;
    struct piece piece;
    int64_t failed_at; /* the first that failed of it, or the loop's length */
    int32_t status;
    uint32_t left; /* pieces that were not run, by rising iterations */
    void *error;
    struct piece pieces[LEFT_MOST];
};

static_assert(sizeof(struct range) <= CZ_FRAME_ROOM, "a range fits into a frame");

/* The state of one walk. */
struct walk {
    struct range *range;
    struct cz__forker *self;
    int32_t how;
    bool leaves;    /* the rest is given back */
    int64_t length; /* of the next chunk */
    void *chain;    /* of frames that were offered: the newest, with the lowest iterations, first */
};

/* --- memory ------------------------------------------------------------------------------------
 */

static int64_t aligned(int64_t bytes)
{
    return (bytes + CZ_CACHE_LINE - 1) & ~(int64_t)(CZ_CACHE_LINE - 1);
}

static struct cz__loop *loop_of(void *context)
{
    return (struct cz__loop *)(void *)((char *)context - offsetof(struct cz__loop, context));
}

static char *result_of(struct cz__loop *loop)
{
    return loop->context + aligned(loop->room);
}

static int64_t blocks_of(const struct cz__loop *loop)
{
    return loop->width ? loop->length / loop->block + (loop->length % loop->block != 0) : 0;
}

void *cz_loop_begin(int64_t length, int64_t room, int64_t width)
{
    struct cz__forker *self = cz__forker_here();
    struct cz__loop sizes = {.length = length > 0 ? length : 0, .room = room, .width = width};
    struct cz__loop *loop;
    int64_t most = length < SHORT_LOOP ? BLOCKS_OF_SHORT : BLOCKS;
    size_t bytes;
    sizes.block = sizes.length / most + (sizes.length % most != 0 || sizes.length == 0);
    sizes.step = (width + 15) & ~(int64_t)15;
    bytes = sizeof sizes + (size_t)(aligned(room) + aligned(width)) +
            (size_t)(blocks_of(&sizes) * sizes.step);
    bytes = (size_t)aligned((int64_t)bytes);
    if (self)
        loop = self->thread->pool->depot.allocate(CZ_CACHE_LINE, bytes);
    else
        loop = aligned_alloc(CZ_CACHE_LINE, bytes);
    if (loop == NULL)
        return NULL;
    *loop = sizes;
    loop->partials = result_of(loop) + aligned(width);
    loop->owner = self;
    if (self) {
        loop->next = self->loops;
        self->loops = loop;
    }
    return loop->context;
}

void cz_loop_end(void *context)
{
    struct cz__loop *loop = loop_of(context);
    if (loop->owner == NULL) {
        free(loop);
        return;
    }
    loop->owner->loops = loop->next; /* loops end in the reverse order of their beginning */
    loop->owner->thread->pool->depot.release(loop);
}

void cz__loops_free(struct cz__forker *self)
{
    while (self->loops)
        cz_loop_end(self->loops->context);
}

/* --- a chunk -----------------------------------------------------------------------------------
 */

/* Run iterations of one block, or of a loop without partial results. */
static int32_t run_some(struct cz__loop *loop, struct piece piece, int32_t how, void **error)
{
    char *partial = NULL;
    if (loop->width) {
        partial = loop->partials + piece.begin / loop->block * loop->step;
        if (piece.begin % loop->block == 0)
            memcpy(partial, result_of(loop), (size_t)loop->width);
    }
    return loop->body(loop->context, piece.begin, piece.end, partial, error, how);
}

/* *begin: moved to the first iteration that may have failed. */
static int32_t run_chunk(struct cz__loop *loop, int64_t *begin, int64_t end, int32_t how,
                         void **error)
{
    while (*begin < end) {
        struct piece piece = {*begin, end};
        int64_t rest = loop->block - piece.begin % loop->block;
        int32_t status;
        if (loop->width && rest < end - piece.begin)
            piece.end = piece.begin + rest;
        status = run_some(loop, piece, how, error);
        if (status)
            return status;
        *begin = piece.end;
    }
    return 0;
}

/* Only the error of the first iteration that fails is heard of. */
static void drop_error(const struct cz__loop *loop, int32_t status, void *error)
{
    if (loop->drop)
        loop->drop(status, error);
}

static void note_failure(struct range *range, int64_t at, int32_t status, void *error)
{
    _Atomic(int64_t) *first = &range->loop->failed_at;
    int64_t known = cz__load_relaxed(first);
    if (at >= range->failed_at) {
        drop_error(range->loop, status, error);
        return;
    }
    if (range->failed_at < range->loop->length)
        drop_error(range->loop, range->status, range->error);
    range->failed_at = at;
    range->status = status;
    range->error = error;
    while (at < known && !cz__cas_acqrel(first, &known, at))
        ;
}

/* --- how long a chunk is -----------------------------------------------------------------------
 */

/* The end of a block is as good as any place near it, and often a better one. */
static int64_t at_block(const struct cz__loop *loop, int64_t place)
{
    int64_t behind = loop->width ? place % loop->block : 0, rest = loop->block - behind;
    if (behind == 0)
        return place;
    return rest < loop->length - place ? place + rest : loop->length;
}

/* What was cheap in the run before may be dear in this one. */
static int64_t first_length(struct cz__loop *loop, int64_t iterations)
{
    int64_t cost = cz__load_relaxed(&loop->cost), fit, most = iterations / GROWTH + 1;
    if (cost == 0)
        return 1;
    fit = (int64_t)(loop->chunk_ticks * 1024 / (uint64_t)cost) + 1;
    most = most < FIRST_MOST ? most : FIRST_MOST;
    return fit < most ? fit : most;
}

static void learn(struct walk *walk, int64_t iterations, uint64_t took)
{
    struct cz__loop *loop = walk->range->loop;
    double each = ((double)took + 1) / (double)iterations;
    double fit = (double)loop->chunk_ticks / each, most = (double)walk->length * GROWTH;
    most = most < (double)((int64_t)1 << LONGEST) ? most : (double)((int64_t)1 << LONGEST);
    walk->length = fit < 1 ? 1 : (int64_t)(fit < most ? fit : most);
    cz__store_relaxed(&loop->cost, each < 1e12 ? (int64_t)(each * 1024) + 1 : (int64_t)1 << 50);
}

/* --- a walk ------------------------------------------------------------------------------------
 */

static int32_t run_range(void *payload, void **error, int32_t how);

static struct range *range_of(void *frame)
{
    return (struct range *)(void *)((char *)frame + CZ_FRAME_PAYLOAD);
}

static int64_t serial_of(const void *frame)
{
    int64_t serial;
    memcpy(&serial, (const char *)frame + 40, sizeof serial);
    return serial;
}

static bool is_worth_sharing(struct cz__loop *loop, int64_t iterations)
{
    double cost = (double)cz__load_relaxed(&loop->cost);
    return cost == 0 || cost * (double)iterations > (double)loop->shared_ticks * 1024;
}

/* Offer the upper half, if there may be someone to take it; returns where the lower one ends. */
static int64_t offer(struct walk *walk, int64_t begin, int64_t end)
{
    struct cz__loop *loop = walk->range->loop;
    int64_t middle = at_block(loop, begin + (end - begin) / 2);
    void *frame;
    if (middle <= begin || middle >= end || !is_worth_sharing(loop, end - begin) ||
        !cz__fork_wanted(walk->self))
        return end;
    frame = cz_fork_begin((void *)(uintptr_t)run_range, NULL, 0, &walk->chain);
    if (frame == NULL)
        return end; /* no memory: then it is run here */
    range_of(frame)->loop = loop;
    range_of(frame)->piece = (struct piece){middle, end};
    cz_fork_push(frame);
    return middle;
}

/* False: there is no room, so it is to be run. */
static bool give_back(struct range *range, struct piece piece)
{
    struct piece *last = &range->pieces[range->left];
    if (range->left && last[-1].end == piece.begin) {
        last[-1].end = piece.end;
        return true;
    }
    if (range->left == LEFT_MOST)
        return false;
    *last = piece;
    range->left++;
    return true;
}

/* Whether the rest is given back to who has offered it, because something else is queued. */
static bool leaves(struct walk *walk, struct piece rest)
{
    walk->leaves = (walk->leaves || cz__fork_is_called(walk->self)) && walk->how;
    return walk->leaves && give_back(walk->range, rest);
}

static void walk_over(struct walk *walk, struct piece piece)
{
    struct range *range = walk->range;
    struct cz__loop *loop = range->loop;
    if (walk->leaves && leaves(walk, piece))
        return;
    while (piece.begin < piece.end) {
        int64_t first = piece.begin, next, failed_at = cz__load_relaxed(&loop->failed_at);
        uint64_t start = cz__ticks();
        void *error = NULL;
        int32_t status;
        if (piece.end > failed_at)
            piece.end = failed_at; /* nobody will ask for what lies behind */
        if (first >= piece.end)
            return;
        cz__fork_look(walk->self);
        piece.end = offer(walk, first, piece.end);
        next = piece.end - first > walk->length ? first + walk->length : piece.end;
        if (loop->whole && at_block(loop, next) < piece.end)
            next = at_block(loop, next);
        else if (loop->whole)
            next = piece.end;
        status = run_chunk(loop, &piece.begin, next, walk->how, &error);
        if (status) {
            note_failure(range, piece.begin, status, error);
            return;
        }
        learn(walk, next - first, cz__ticks() - start);
        if (piece.begin < piece.end && leaves(walk, piece))
            return;
    }
}

/* Take what has become of an offered range, and walk over what was not run of it. */
static void take_back(struct walk *walk, void *frame)
{
    struct range done;
    if (cz_fork_join(frame, serial_of(frame), &walk->chain)) {
        done = *range_of(frame);
    } else {
        done.failed_at = walk->range->loop->length;
        done.status = 0; /* never read; compilers do not see it */
        done.error = NULL;
        done.left = 1;
        done.pieces[0] = range_of(frame)->piece;
    }
    cz_fork_end(frame);
    if (done.failed_at < walk->range->loop->length)
        note_failure(walk->range, done.failed_at, done.status, done.error);
    for (uint32_t i = 0; i < done.left; i++)
        walk_over(walk, done.pieces[i]);
}

static void run_all(struct range *range, struct cz__forker *self, int32_t how)
{
    struct walk walk = {range, self, how, false, 0, NULL};
    walk.length = first_length(range->loop, range->piece.end - range->piece.begin);
    range->failed_at = range->loop->length;
    range->left = 0;
    walk_over(&walk, range->piece);
    while (walk.chain)
        take_back(&walk, walk.chain);
}

/* A cz_forked. */
static int32_t run_range(void *payload, void **error, int32_t how)
{
    (void)error; /* the range holds it, with the place where it was raised */
    run_all(payload, cz__forker_here(), how);
    return 0;
}

/* On a thread that is no worker. */
static void run_alone(struct range *range)
{
    void *error = NULL;
    int32_t status;
    status = run_chunk(range->loop, &range->piece.begin, range->piece.end, 0, &error);
    range->failed_at = status ? range->piece.begin : range->loop->length;
    range->status = status;
    range->error = error;
}

static int32_t merge_all(struct cz__loop *loop, cz_loop_merge merge, void **error)
{
    int64_t blocks = blocks_of(loop);
    int32_t status = 0;
    if (blocks)
        memcpy(result_of(loop), loop->partials, (size_t)loop->width);
    for (int64_t i = 1; i < blocks && status == 0; i++)
        status = merge(result_of(loop), loop->partials + i * loop->step, error);
    return status;
}

int32_t cz_loop_run(void *context, void *body, void *merge, int64_t *cost, int32_t whole,
                    void *drop, void **error)
{
    struct cz__loop *loop = loop_of(context);
    /* Runs of one loop may come at once: any of their costs will do. */
    _Atomic(int64_t) *kept = (_Atomic(int64_t) *)(void *)cost;
    struct range range = {.loop = loop, .piece = {0, loop->length}};
    loop->body = (cz_loop_body)(uintptr_t)body;
    loop->whole = whole;
    loop->drop = (cz_error_drop)(uintptr_t)drop;
    cz__store_relaxed(&loop->failed_at, loop->length);
    if (loop->owner) {
        loop->chunk_ticks = cz__ticks_of_ns(CHUNK_NS);
        loop->shared_ticks = cz__ticks_of_ns(SHARED_NS);
        cz__store_relaxed(&loop->cost, cz__load_relaxed(kept));
        run_all(&range, loop->owner, 0);
        cz__store_relaxed(kept, cz__load_relaxed(&loop->cost));
    } else {
        run_alone(&range);
    }
    if (range.failed_at < loop->length) {
        *error = range.error;
        return range.status;
    }
    return merge_all(loop, (cz_loop_merge)(uintptr_t)merge, error);
}
