/* frames.c: whether an exception may be raised in a thread where it stands, by its frames.
 *
 * pools/safepoint.py has the rules, their reasons, the tables, and the same in Python. The
 * caller holds the GIL, and nothing here lets go of it: no Python code runs, and the garbage
 * collector is off, which before Python 3.12 could run whenever a frame object was made. So
 * what is_free() returns holds until the caller lets go of the GIL.
 */
#include "binding.h"

#include <string.h>

/* Not of the limited API, but exported by every CPython since 3.9. */
extern PyFrameObject *PyThreadState_GetFrame(PyThreadState *state);
extern PyFrameObject *PyFrame_GetBack(PyFrameObject *frame);

/* What pools/safepoint.py hands over, for as long as the process lives. */
static struct {
    PyObject *locks;           /* frozenset of code objects */
    PyObject *wait;            /* the code of Condition.wait */
    int above, below;          /* between these lines it waits */
    int deepest;               /* frames to look at */
    const char *import_system; /* how its file names begin */
} rules;

PyObject *set_standing(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *locks, *wait, *import_system;
    if (!PyArg_ParseTuple(args, "OUi(Oii):set_standing", &locks, &import_system, &rules.deepest,
                          &wait, &rules.above, &rules.below))
        return NULL;
    rules.import_system = PyUnicode_AsUTF8AndSize(Py_NewRef(import_system), NULL);
    if (rules.import_system == NULL)
        return NULL;
    rules.wait = Py_NewRef(wait);
    rules.locks = Py_NewRef(locks);
    Py_RETURN_NONE;
}

static int is_importing(PyFrameObject *frame)
{
    PyObject *code = (PyObject *)PyFrame_GetCode(frame);
    PyObject *file = PyObject_GetAttrString(code, "co_filename");
    const char *name = file ? PyUnicode_AsUTF8AndSize(file, NULL) : NULL;
    int found = name && strncmp(name, rules.import_system, strlen(rules.import_system)) == 0;
    Py_XDECREF(file);
    Py_DECREF(code);
    return found;
}

static int waits(PyFrameObject *frame, PyObject *code)
{
    int line = PyFrame_GetLineNumber(frame);
    return code == rules.wait && rules.above < line && line < rules.below;
}

static int is_locking(PyFrameObject *frame)
{
    PyObject *code = (PyObject *)PyFrame_GetCode(frame);
    int found = PySet_Contains(rules.locks, code) == 1 && !waits(frame, code);
    Py_DECREF(code);
    return found;
}

static int is_free_above(PyFrameObject *frame, const void *base)
{
    int answer = frame == NULL || frame == base || !is_locking(frame);
    for (int depth = 0; frame && frame != base && depth < rules.deepest; depth++) {
        PyFrameObject *inner = frame;
        answer &= !is_importing(inner);
        frame = PyFrame_GetBack(inner);
        Py_DECREF(inner);
    }
    Py_XDECREF(frame);
    return answer;
}

int is_free(PyThreadState *state, const void *base)
{
    PyObject *type, *value, *traceback;
    int collects = PyGC_Disable(), answer;
    PyErr_Fetch(&type, &value, &traceback);
    answer = is_free_above(PyThreadState_GetFrame(state), base);
    PyErr_Restore(type, value, traceback); /* and forget what failed here */
    if (collects)
        PyGC_Enable();
    return answer;
}
