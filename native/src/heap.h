/* heap.h: a binary heap of nodes that lie in their owners: adding and removing needs no memory.
 *
 * A complete binary tree by pointers. Node i, counted from 1 level by level, is found from
 * the root by the bits of i below its highest: 0 goes left, 1 goes right. Every operation takes
 * O(log n) steps. The caller locks.
 */
#ifndef CZ_HEAP_H
#define CZ_HEAP_H

#include <stdint.h>

struct cz__node {
    uint64_t due; /* the first node has the lowest; changed by the heap's functions alone */
    struct cz__node *up, *down[2];
};

struct cz__heap {
    struct cz__node *first; /* NULL: empty */
    uint64_t count;
};

void cz__heap_add(struct cz__heap *heap, struct cz__node *node, uint64_t due);
/* The node is in the heap. */
void cz__heap_remove(struct cz__heap *heap, struct cz__node *node);

#endif
