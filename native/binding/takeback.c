/* takeback.c: leaving nothing pending of what PyThreadState_SetAsyncExc has left in a thread.
 *
 * Called with NULL it drops what is pending, but on Python 3.10 to 3.12 the interpreter's flag that
 * something is pending stays set until some exception arrives: each look goes the slow way from
 * then on, and on 3.11 the next call under a trace or profile function looks for ever. So what is
 * pending is replaced by an exception that arrives here and now, in a function that does nothing.
 */
#include "binding.h"

/* Since Python 3.11: without them an exception that arrives would end a trace function. */
extern void PyThreadState_EnterTracing(PyThreadState *state) __attribute__((weak));
extern void PyThreadState_LeaveTracing(PyThreadState *state) __attribute__((weak));

/* What pools/takeback.py hands over, for as long as the process lives. */
static PyObject *look, *taken_back;

PyObject *set_takeback(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (!PyArg_ParseTuple(args, "OO:set_takeback", &look, &taken_back))
        return NULL;
    Py_INCREF(look);
    Py_INCREF(taken_back);
    Py_RETURN_NONE;
}

static int raise_kept(void *exception)
{
    PyErr_SetObject((PyObject *)Py_TYPE((PyObject *)exception), exception);
    Py_DECREF((PyObject *)exception);
    return -1;
}

/* A signal's handler has raised something in the main thread: it comes at the next look. */
static void keep_exception(void)
{
    PyObject *type, *exception, *traceback;
    PyErr_Fetch(&type, &exception, &traceback);
    PyErr_NormalizeException(&type, &exception, &traceback);
    if (exception == NULL || PyErr_GivenExceptionMatches(type, PyExc_RecursionError) ||
        PyErr_GivenExceptionMatches(type, PyExc_MemoryError) ||
        Py_AddPendingCall(raise_kept, exception))
        Py_XDECREF(exception);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
}

/* Whether it has arrived; a signal's handler may raise something first. */
static int arrives(unsigned long thread)
{
    PyObject *nothing;
    int arrived;
    PyThreadState_SetAsyncExc(thread, taken_back);
    nothing = PyObject_CallNoArgs(look);
    arrived = nothing == NULL && PyErr_ExceptionMatches(taken_back);
    if (arrived)
        PyErr_Clear();
    else if (nothing == NULL)
        keep_exception();
    Py_XDECREF(nothing);
    return arrived;
}

void take_back_pending(void)
{
    enum { MOST_TRIES = 3 };
    PyThreadState *state = PyThreadState_Get();
    unsigned long thread = PyThread_get_thread_ident();
    PyObject *type, *value, *traceback;
    int arrived = 0;
    /* From 3.12 on a look may collect first, and finalizers would get the exception. */
    int collects = PyGC_Disable();
    PyErr_Fetch(&type, &value, &traceback);
    if (PyThreadState_EnterTracing && PyThreadState_LeaveTracing)
        PyThreadState_EnterTracing(state);
    for (int i = 0; i < MOST_TRIES && !arrived; i++)
        arrived = arrives(thread);
    if (!arrived)
        PyThreadState_SetAsyncExc(thread, NULL);
    if (PyThreadState_EnterTracing && PyThreadState_LeaveTracing)
        PyThreadState_LeaveTracing(state);
    if (collects)
        PyGC_Enable();
    PyErr_Restore(type, value, traceback);
}
