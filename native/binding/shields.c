/* shields.c: calls that no interrupt and no handler of a signal may hit, and the way out of one.
 *
 * What a shield is, for a worker and for the main thread: native/README.md ("Interrupts of Python
 * calls", "Signals").
 */
#include "binding.h"

/* `args` is the function, then its arguments. */
static PyObject *call_rest(PyObject *args, PyObject *kwargs)
{
    Py_ssize_t count = PyTuple_Size(args);
    PyObject *rest, *value;
    if (count < 1) {
        PyErr_SetString(PyExc_TypeError, "expected a function");
        return NULL;
    }
    if ((rest = PyTuple_GetSlice(args, 1, count)) == NULL)
        return NULL;
    value = PyObject_Call(PyTuple_GetItem(args, 0), rest, kwargs);
    Py_DECREF(rest);
    return value;
}

/* Put the exception that was in flight below the one that is set now. All three are stolen. */
static void put_below(PyObject *class, PyObject *exception, PyObject *traceback)
{
    PyObject *newer, *newest, *its_traceback;
    PyErr_NormalizeException(&class, &exception, &traceback);
    PyErr_Fetch(&newer, &newest, &its_traceback);
    PyErr_NormalizeException(&newer, &newest, &its_traceback);
    if (exception && traceback)
        PyException_SetTraceback(exception, traceback);
    if (exception && newest && newest != exception)
        PyException_SetContext(newest, Py_NewRef(exception));
    PyErr_Restore(newer, newest, its_traceback);
    Py_XDECREF(class);
    Py_XDECREF(exception);
    Py_XDECREF(traceback);
}

/* Behind a shield: what the handler of a signal raises, in place of the value or on top of the
 * exception that is set. */
static PyObject *with_signals(PyObject *value)
{
    PyObject *class, *exception, *traceback;
    if (holds_signals())
        return value;
    PyErr_Fetch(&class, &exception, &traceback);
    if (deliver_signals() == 0) {
        PyErr_Restore(class, exception, traceback);
        return value;
    }
    put_below(class, exception, traceback);
    Py_XDECREF(value);
    return NULL;
}

PyObject *call_shielded(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs)
{
    struct running shield;
    PyObject *value;
    int main = on_main_thread();
    if (!main && !runs_here())
        return call_rest(args, kwargs);
    if (main && holds_signals())
        return call_rest(args, kwargs); /* within a shield */
    if (PyErr_CheckSignals())
        return NULL;
    enter_running(&shield, NULL);
    value = call_rest(args, kwargs);
    leave_running(&shield);
    return main ? with_signals(value) : value;
}

/* Called by a weak reference, where an exception would be dropped: what came before or meanwhile is
 * raised at the thread's next look. No look lies between the call and the shield. */
PyObject *call_finalizer(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs)
{
    struct running shield;
    PyObject *value;
    int main = on_main_thread();
    if (main ? holds_signals() : !runs_here())
        return call_rest(args, kwargs);
    enter_running(&shield, NULL);
    value = call_rest(args, kwargs);
    leave_running(&shield);
    return value;
}

/* The main thread is in a shield, and in no task. */
static PyObject *call_with_signals(PyObject *args, PyObject *kwargs)
{
    PyObject *value = NULL;
    set_holding(0);
    if (deliver_signals() == 0)
        value = call_rest(args, kwargs);
    set_holding(1);
    return value;
}

PyObject *call_exposed(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs)
{
    struct running *call = call_here(), exposed;
    PyObject *value;
    if (call == NULL && holds_signals() && on_main_thread())
        return call_with_signals(args, kwargs);
    if (call == NULL || is_exposed(call))
        return call_rest(args, kwargs);
    if (raise_of(call))
        return NULL;
    enter_exposed(&exposed, call);
    value = call_rest(args, kwargs);
    leave_running(&exposed);
    return value;
}
