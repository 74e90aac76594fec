#include "heap.h"

#include <stddef.h>

/* Where node `index` hangs, and below which node; the nodes above it exist. */
static struct cz__node **link_at(struct cz__heap *heap, uint64_t index, struct cz__node **parent)
{
    struct cz__node **link = &heap->first;
    *parent = NULL;
    for (int bit = 62 - __builtin_clzll(index); bit >= 0; bit--) {
        *parent = *link;
        link = &(*link)->down[index >> bit & 1];
    }
    return link;
}

static struct cz__node **link_of(struct cz__heap *heap, const struct cz__node *node)
{
    return node->up ? &node->up->down[node->up->down[1] == node] : &heap->first;
}

static void hang(struct cz__node *parent, int side, struct cz__node *child)
{
    parent->down[side] = child;
    if (child)
        child->up = parent;
}

/* `fresh`, which is in no heap, takes the place of `node`. */
static void replace(struct cz__heap *heap, struct cz__node *node, struct cz__node *fresh)
{
    *link_of(heap, node) = fresh;
    fresh->up = node->up;
    hang(fresh, 0, node->down[0]);
    hang(fresh, 1, node->down[1]);
}

/* The child goes where its parent is, and the parent where the child is. */
static void lift(struct cz__heap *heap, struct cz__node *child)
{
    struct cz__node *parent = child->up;
    int side = parent->down[1] == child;
    struct cz__node *sibling = parent->down[!side];
    *link_of(heap, parent) = child;
    child->up = parent->up;
    hang(parent, 0, child->down[0]);
    hang(parent, 1, child->down[1]);
    hang(child, side, parent);
    hang(child, !side, sibling);
}

static void sift_up(struct cz__heap *heap, struct cz__node *node)
{
    while (node->up && node->due < node->up->due)
        lift(heap, node);
}

static void sift_down(struct cz__heap *heap, struct cz__node *node)
{
    for (;;) {
        struct cz__node *lower = node->down[0], *other = node->down[1];
        if (other && other->due < lower->due)
            lower = other;
        if (lower == NULL || node->due <= lower->due)
            return;
        lift(heap, lower);
    }
}

void cz__heap_add(struct cz__heap *heap, struct cz__node *node, uint64_t due)
{
    struct cz__node *parent, **link = link_at(heap, ++heap->count, &parent);
    *node = (struct cz__node){.due = due, .up = parent};
    *link = node;
    sift_up(heap, node);
}

void cz__heap_remove(struct cz__heap *heap, struct cz__node *node)
{
    struct cz__node *parent, **link = link_at(heap, heap->count--, &parent), *last = *link;
    *link = NULL;
    if (last == node)
        return;
    replace(heap, node, last);
    sift_up(heap, last);
    sift_down(heap, last);
}
