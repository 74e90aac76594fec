#define _GNU_SOURCE
#include "queue.h"

#include <string.h>
#include <sys/mman.h>

#include "os.h"

int cz__queue_init(struct cz__queue *queue, uint64_t capacity, uint64_t slack)
{
    uint64_t length = 2;
    void *cells;
    memset(queue, 0, sizeof *queue);
    queue->shift = 1;
    while (length < capacity + slack) {
        length *= 2;
        queue->shift++;
    }
    /* Pages of an anonymous map are zero and cost nothing until a record comes by. */
    cells = mmap(NULL, length * sizeof(struct cz__cell), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (cells == MAP_FAILED)
        return CZ_ENOMEM;
    queue->cells = cells;
    queue->mask = length - 1;
    queue->capacity = capacity;
    return 0;
}

void cz__queue_free(struct cz__queue *queue)
{
    if (queue->cells)
        munmap(queue->cells, (queue->mask + 1) * sizeof(struct cz__cell));
    queue->cells = NULL;
}

static uint64_t free_turn(const struct cz__queue *queue, uint64_t position)
{
    return position >> queue->shift << 1;
}

/* Entries if a push went to `tail`, reading the contended head only if the copy says
 * there are `limit` or more. */
static uint64_t entries_before(struct cz__queue *queue, uint64_t tail, uint64_t limit)
{
    uint64_t head = cz__load_relaxed(&queue->head_copy);
    if (tail - head >= limit) {
        head = cz__load_seqcst(&queue->head); /* pairs with the pop, see wait_room */
        cz__store_relaxed(&queue->head_copy, head);
    }
    return tail - head;
}

int cz__queue_push(struct cz__queue *queue, struct cz_record *record, enum cz__push how,
                   uint64_t *depth)
{
    uint64_t limit = how == CZ__PUSH_BACK ? queue->mask + 1 : queue->capacity;
    uint64_t tail = cz__load_relaxed(&queue->tail);
    uint64_t position;
    uint32_t turns = 0;
    struct cz__cell *cell;
    for (;;) {
        position = tail & ~CZ__QUEUE_CLOSED;
        if (tail != position && how == CZ__PUSH_NEW)
            return CZ_ECLOSED;
        *depth = entries_before(queue, position, limit);
        if ((int64_t)*depth < 0) { /* the tail read is older than the head */
            tail = cz__load_relaxed(&queue->tail);
            continue;
        }
        if (*depth >= limit)
            return CZ_EFULL;
        /* seq_cst: the first half of the wake-up argument (native/README.md). */
        if (cz__cas_seqcst(&queue->tail, &tail, tail + 1))
            break;
    }
    cell = &queue->cells[position & queue->mask];
    /* The consumer of the lap before has moved the head but may not have left the cell. */
    while (cz__load_acquire(&cell->turn) != free_turn(queue, position))
        cz__give_way(&turns);
    cell->record = record;
    cz__store_release(&cell->turn, free_turn(queue, position) + 1);
    return 0;
}

bool cz__queue_ready(struct cz__queue *queue)
{
    uint64_t head = cz__load_relaxed(&queue->head);
    struct cz__cell *cell = &queue->cells[head & queue->mask];
    return cz__load_acquire(&cell->turn) == free_turn(queue, head) + 1;
}

static void tell_room(struct cz__queue *queue)
{
    uint64_t room = queue->capacity / 2 < 4096 ? queue->capacity / 2 : 4096;
    if (cz__queue_depth(queue) + (room ? room : 1) > queue->capacity)
        return;
    cz__add_acqrel(&queue->room, 1);
    cz__futex_wake(&queue->room, 1 << 30);
}

struct cz_record *cz__queue_pop(struct cz__queue *queue)
{
    uint64_t head = cz__load_relaxed(&queue->head);
    for (;;) {
        struct cz__cell *cell = &queue->cells[head & queue->mask];
        uint64_t ready = free_turn(queue, head) + 1;
        uint64_t turn = cz__load_acquire(&cell->turn); /* pairs with the push's release */
        if (turn == ready) {
            if (cz__cas_seqcst(&queue->head, &head, head + 1)) {
                struct cz_record *record = cell->record;
                cz__store_release(&cell->turn, ready + 1); /* free, next lap */
                if (cz__load_seqcst(&queue->waiting))
                    tell_room(queue);
                return record;
            }
        } else if (turn < ready) {
            return NULL;
        } else {
            head = cz__load_relaxed(&queue->head);
        }
    }
}

uint64_t cz__queue_depth(struct cz__queue *queue)
{
    uint64_t head = cz__load_seqcst(&queue->head);
    return (cz__load_seqcst(&queue->tail) & ~CZ__QUEUE_CLOSED) - head;
}

void cz__queue_close(struct cz__queue *queue)
{
    cz__or_seqcst(&queue->tail, CZ__QUEUE_CLOSED);
    cz__add_acqrel(&queue->room, 1);
    cz__futex_wake(&queue->room, 1 << 30);
}

bool cz__queue_closed(struct cz__queue *queue)
{
    return cz__load_seqcst(&queue->tail) & CZ__QUEUE_CLOSED;
}

int cz__queue_wait_room(struct cz__queue *queue, int64_t timeout_ns)
{
    int result = 0;
    uint32_t seen = cz__load_acquire(&queue->room);
    /* Announce, then look again: a pop after our look sees us (both seq_cst). */
    cz__add_seqcst(&queue->waiting, 1);
    if (cz__queue_closed(queue))
        result = CZ_ECLOSED;
    else if (cz__queue_depth(queue) >= queue->capacity)
        result = cz__futex_wait(&queue->room, seen, timeout_ns);
    cz__sub_acqrel(&queue->waiting, 1);
    return result;
}
