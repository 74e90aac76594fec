/* The heap of timers: against a plain search for the lowest. */
#include "check.h"

#include "heap.h"

enum { NODES = 300, STEPS = 200000 };

static uint64_t lowest(const struct cz__node *nodes, const bool *inside)
{
    uint64_t due = UINT64_MAX;
    for (unsigned i = 0; i < NODES; i++)
        if (inside[i] && nodes[i].due < due)
            due = nodes[i].due;
    return due;
}

/* Every node hangs where its neighbours say, is not due before its parent, and counts. */
static uint64_t count_checked(const struct cz__node *node, const struct cz__node *up)
{
    if (node == NULL)
        return 0;
    CHECK(node->up == up);
    CHECK(up == NULL || up->due <= node->due);
    return 1 + count_checked(node->down[0], node) + count_checked(node->down[1], node);
}

static void test_the_first_is_due_first_whatever_comes_and_goes(void)
{
    static struct cz__node nodes[NODES];
    static bool inside[NODES];
    struct cz__heap heap = {0};
    uint64_t state = 1;
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = (unsigned)(draw(&state) % NODES);
        if (inside[i])
            cz__heap_remove(&heap, &nodes[i]);
        else
            cz__heap_add(&heap, &nodes[i], draw(&state) % 100);
        inside[i] = !inside[i];
        CHECK((heap.first ? heap.first->due : UINT64_MAX) == lowest(nodes, inside));
        if (step % 1000 == 0)
            CHECK(count_checked(heap.first, NULL) == heap.count);
    }
}

static void test_a_million_come_out_in_order(void)
{
    enum { MANY = 1000000 };
    struct cz__node *nodes = calloc(MANY, sizeof *nodes);
    struct cz__heap heap = {0};
    uint64_t before = 0, state = 2;
    for (unsigned i = 0; i < MANY; i++)
        cz__heap_add(&heap, &nodes[i], draw(&state) >> 30);
    while (heap.first) {
        CHECK(before <= heap.first->due);
        before = heap.first->due;
        cz__heap_remove(&heap, heap.first);
    }
    CHECK(heap.count == 0);
    free(nodes);
}

int main(void)
{
    RUN(test_the_first_is_due_first_whatever_comes_and_goes);
    RUN(test_a_million_come_out_in_order);
    return 0;
}
