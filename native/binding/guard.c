/* guard.c: what a compiled call takes for constant.
 *
 * Compiled code has the values of the globals and closure cells that its function names
 * built in. Python looks them up at each call. So each submission of such a task looks
 * whether the names still mean the same objects; if not, it takes the slow path, which
 * compiles anew. A name costs one dictionary look-up.
 */
#include "binding.h"

struct guard {
    PyObject *names; /* a dictionary, or a cell when key is NULL */
    PyObject *key;
    PyObject *value;
};

static int means_value(const struct guard *guard)
{
    PyObject *now;
    int same;
    if (guard->key)
        return PyDict_GetItemWithError(guard->names, guard->key) == guard->value;
    now = PyObject_GetAttrString(guard->names, "cell_contents");
    same = now == guard->value;
    Py_XDECREF(now);
    return same;
}

int guards_hold(const struct kind *kind)
{
    for (uint32_t i = 0; i < kind->guards; i++)
        if (!means_value(&kind->guard[i])) {
            PyErr_Clear(); /* an emptied cell */
            return 0;
        }
    return 1;
}

void drop_guards(struct kind *kind)
{
    for (uint32_t i = 0; i < kind->guards; i++) {
        Py_DECREF(kind->guard[i].names);
        Py_XDECREF(kind->guard[i].key);
        Py_DECREF(kind->guard[i].value);
    }
    PyMem_Free(kind->guard);
    kind->guard = NULL;
    kind->guards = 0;
}

/* `guards` is a tuple of (dictionary, name, value) and (cell, None, value). */
int set_guards(struct kind *kind, PyObject *guards)
{
    Py_ssize_t count = PyTuple_Size(guards);
    if (count < 0)
        return -1;
    kind->guard = PyMem_Calloc((size_t)count + 1, sizeof *kind->guard);
    if (kind->guard == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *names, *key, *value;
        if (!PyArg_ParseTuple(PyTuple_GetItem(guards, i), "OOO:guard", &names, &key, &value))
            return -1;
        kind->guard[i].names = Py_NewRef(names);
        kind->guard[i].key = key == Py_None ? NULL : Py_NewRef(key);
        kind->guard[i].value = Py_NewRef(value);
        kind->guards = (uint32_t)i + 1;
    }
    return 0;
}
