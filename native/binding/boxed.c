/* boxed.c: the payload of calls whose arguments or result are not all scalars.
 *
 * Such a slot is packed by a function of the compile stage, which may leave native
 * references in it, and may point into the Python object. So the objects are kept, in an
 * array behind the payload, until the call has ended; then `release` empties the slots.
 * All of that needs the GIL, which native workers never take: it is done by whoever asks for
 * the result, or drops it, first. The result is unpacked once and kept in the same array.
 */
#include "binding.h"

#include <string.h>

static PyObject **objects(const struct kind *kind, char *payload)
{
    return (PyObject **)(void *)(payload + kind->objects_at);
}

static int pack_slot(const struct slot *slot, PyObject *value, char *payload)
{
    if (slot->code != 'O')
        return pack_argument(slot, value, payload + slot->offset);
    if (slot->pack(value, payload + slot->offset) == 0)
        return 1;
    PyErr_Clear(); /* the slow path decides what a value that does not fit means */
    return 0;
}

int pack_arguments(const struct kind *kind, PyObject *const *args, char *payload)
{
    if (kind->boxed)
        memset(objects(kind, payload), 0, (kind->arguments + 1) * sizeof(PyObject *));
    for (uint32_t i = 0; i < kind->arguments; i++) {
        const struct slot *slot = &kind->argument[i];
        if (!pack_slot(slot, args[i], payload)) {
            release_arguments(kind, payload);
            return 0;
        }
        if (slot->code == 'O')
            objects(kind, payload)[i + 1] = Py_NewRef(args[i]);
    }
    return 1;
}

void release_arguments(const struct kind *kind, char *payload)
{
    if (!kind->boxed)
        return;
    for (uint32_t i = 0; i < kind->arguments; i++) {
        PyObject **kept = &objects(kind, payload)[i + 1], *object = *kept;
        if (object == NULL)
            continue;
        *kept = NULL;
        kind->argument[i].release(payload + kind->argument[i].offset);
        Py_DECREF(object);
    }
}

PyObject *unpack_result(const struct kind *kind, char *payload)
{
    PyObject **kept;
    if (kind->result.code != 'O')
        return unpack_scalar(&kind->result, payload + kind->result.offset);
    kept = &objects(kind, payload)[0];
    if (*kept == NULL)
        *kept = kind->result.unpack(payload + kind->result.offset);
    return Py_XNewRef(*kept);
}

void release_result(const struct kind *kind, char *payload)
{
    PyObject *kept;
    if (kind->result.code != 'O')
        return;
    kept = objects(kind, payload)[0];
    if (kept == NULL)
        kind->result.release(payload + kind->result.offset);
    Py_XDECREF(kept);
}

PyObject *unpack_arguments(const struct kind *kind, char *payload)
{
    PyObject *tuple = PyTuple_New(kind->arguments);
    for (uint32_t i = 0; tuple && i < kind->arguments; i++) {
        const struct slot *slot = &kind->argument[i];
        PyObject *value = slot->code == 'O' ? Py_NewRef(objects(kind, payload)[i + 1])
                                            : unpack_scalar(slot, payload + slot->offset);
        if (value == NULL) {
            Py_DECREF(tuple);
            return NULL;
        }
        PyTuple_SetItem(tuple, i, value);
    }
    return tuple;
}
