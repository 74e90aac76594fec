/* interrupted.c: whether the owner of an open loop (open_loop.h) was interrupted meanwhile.
 *
 * The owner is inside of machine code that cannot raise. So the handlers of signals that have come
 * are run, in the main thread; what one of them raises is kept, the loop is given up, and the
 * exception is raised where the interpreter goes on, right behind the call of that code. */
#include "binding.h"

static PyObject *kept_type, *kept_value, *kept_traceback; /* with the GIL */

static int raise_kept(void *Py_UNUSED(ignored))
{
    PyObject *type = kept_type, *value = kept_value, *traceback = kept_traceback;
    kept_type = kept_value = kept_traceback = NULL;
    if (type == NULL)
        return 0;
    PyErr_Restore(type, value, traceback);
    return -1;
}

static int was_interrupted(void)
{
    PyGILState_STATE state;
    int raised;
    if (!Py_IsInitialized())
        return 0;
    state = PyGILState_Ensure();
    raised = kept_type == NULL && PyErr_CheckSignals(); /* no handler runs on other threads */
    if (raised) {
        PyErr_Fetch(&kept_type, &kept_value, &kept_traceback);
        Py_AddPendingCall(raise_kept, NULL);
    }
    PyGILState_Release(state);
    return raised;
}

PyObject *get_was_interrupted(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromVoidPtr((void *)(uintptr_t)was_interrupted);
}
