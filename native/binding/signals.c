/* signals.c: within a shield no signal's Python handler runs, so none raises there.
 *
 * The handler of a signal (that of Ctrl-C raises KeyboardInterrupt) runs on the main thread
 * between any two bytecodes of Python code. While the innermost of that thread is a shield, a
 * function of ours stands in for it and notes that the signal came; the handler is called when the
 * shield has been left. native/README.md has the argument ("Signals").
 *
 * All of this belongs to the main thread, and runs with the GIL held.
 */
#include "binding.h"

#include <signal.h>
#include <string.h>

/* Those whose handlers end or interrupt something. Ctrl-C comes first: held first, let go last. */
static const int signals[] = {SIGINT,    SIGTERM, SIGALRM, SIGHUP, SIGQUIT,
                              SIGVTALRM, SIGPROF, SIGUSR1, SIGUSR2};
enum { SIGNALS = sizeof signals / sizeof *signals };

static unsigned long main_thread;
static PyObject *set_handler, *get_handler; /* of the module _signal; NULL: nothing is held */
static PyObject *stand_in;
static PyObject *numbers[SIGNALS];
static PyObject *held[SIGNALS];          /* the handler, while the stand-in is in its place */
static struct sigaction before[SIGNALS]; /* what the system knew of it */
static int came[SIGNALS];
static int holding;
static struct sigaction pythons; /* what Python sets, once that is known */
static int pythons_known;
static PyObject *late; /* an exception of a handler's that is still to be raised */

int on_main_thread(void)
{
    return set_handler && PyThread_get_thread_ident() == main_thread;
}

int holds_signals(void)
{
    return holding;
}

static PyObject *note_signal(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *frame;
    int number;
    if (!PyArg_ParseTuple(args, "iO", &number, &frame))
        return NULL;
    for (int i = 0; holding && i < SIGNALS; i++)
        if (signals[i] == number)
            came[i] = 1;
    if (!holding && number == SIGINT) { /* somebody found it within a shield, and put it back */
        PyErr_SetNone(PyExc_KeyboardInterrupt);
        return NULL;
    }
    Py_RETURN_NONE;
}

static void keep_for_later(void)
{
    PyObject *class, *exception, *traceback;
    PyErr_Fetch(&class, &exception, &traceback);
    PyErr_NormalizeException(&class, &exception, &traceback);
    if (exception && traceback)
        PyException_SetTraceback(exception, traceback);
    Py_XDECREF(class);
    Py_XDECREF(traceback);
    Py_XDECREF(late);
    late = exception;
}

/* 0, or -1 if the handler cannot be replaced: this is not what Python takes for its main thread.
 * Setting a handler first runs those of the signals that have come, and fails when one raises. */
static int put(int i, PyObject *handler)
{
    for (;;) {
        PyObject *old;
        while (PyErr_CheckSignals())
            keep_for_later();
        old = PyObject_CallFunctionObjArgs(set_handler, numbers[i], handler, NULL);
        if (old) {
            Py_DECREF(old);
            return 0;
        }
        if (PyErr_ExceptionMatches(PyExc_ValueError)) {
            PyErr_Clear();
            return -1;
        }
        keep_for_later();
    }
}

/* 1 if the Python handler is what the system calls; another library may have set one of its own. */
static int is_pythons(const struct sigaction *action)
{
    return !pythons_known || action->sa_handler == pythons.sa_handler;
}

static void hold(int i)
{
    PyObject *handler = PyObject_CallFunctionObjArgs(get_handler, numbers[i], NULL);
    if (handler && PyCallable_Check(handler) && handler != stand_in) {
        sigaction(signals[i], NULL, &before[i]);
        if (is_pythons(&before[i]) && put(i, stand_in) == 0)
            held[i] = Py_NewRef(handler);
        if (held[i] && !pythons_known)
            pythons_known = sigaction(signals[i], NULL, &pythons) == 0;
    }
    if (handler == NULL)
        PyErr_Clear();
    Py_XDECREF(handler);
}

static void let_go(int i)
{
    PyObject *handler = held[i], *now;
    if (handler == NULL)
        return;
    now = PyObject_CallFunctionObjArgs(get_handler, numbers[i], NULL);
    if (now == NULL)
        PyErr_Clear();
    /* Code within the shield may have set another one. */
    if (now == stand_in && put(i, handler) == 0 &&
        (!is_pythons(&before[i]) || before[i].sa_flags != pythons.sa_flags))
        sigaction(signals[i], &before[i], NULL);
    held[i] = NULL;
    Py_XDECREF(now);
    Py_DECREF(handler);
}

static int is_owed(void)
{
    int owed = late != NULL;
    for (int i = 0; i < SIGNALS; i++)
        owed |= came[i];
    return owed;
}

/* Call the handlers of the signals that came. 0, or -1 with what one has raised. */
int deliver_signals(void)
{
    if (!on_main_thread())
        return 0;
    for (int i = 0; i < SIGNALS && late == NULL; i++) {
        PyObject *handler, *frame, *done = NULL;
        if (!came[i])
            continue;
        came[i] = 0;
        handler = held[i] ? Py_NewRef(held[i])
                          : PyObject_CallFunctionObjArgs(get_handler, numbers[i], NULL);
        frame = (PyObject *)PyEval_GetFrame();
        if (handler && PyCallable_Check(handler))
            done = PyObject_CallFunctionObjArgs(handler, numbers[i], frame ? frame : Py_None, NULL);
        Py_XDECREF(handler);
        Py_XDECREF(done);
        if (PyErr_Occurred())
            return -1;
    }
    if (late) {
        PyObject *exception = late;
        late = NULL;
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
        Py_DECREF(exception);
        return -1;
    }
    return 0;
}

static int deliver_pending(void *Py_UNUSED(nothing))
{
    return holding ? 0 : deliver_signals();
}

/* Returns what it was. What came meanwhile is delivered at the thread's next look, unless
 * deliver_signals() is called before. */
int set_holding(int on)
{
    int was = holding;
    PyObject *class, *exception, *traceback;
    if (was == on || !on_main_thread())
        return was;
    PyErr_Fetch(&class, &exception, &traceback);
    if (on) {
        holding = 1; /* first: a handler that still runs may enter a shield, too */
        for (int i = 0; i < SIGNALS; i++)
            hold(i);
    } else {
        for (int i = SIGNALS; i-- > 0;)
            let_go(i);
        holding = 0;
        if (is_owed())
            Py_AddPendingCall(deliver_pending, NULL);
    }
    PyErr_Restore(class, exception, traceback);
    return was;
}

/* In the child the thread that has forked is the main one. */
PyObject *own_signals(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    unsigned long here = PyThread_get_thread_ident();
    int inherited = here != main_thread;
    main_thread = here;
    if (inherited && holding) {
        memset(came, 0, sizeof came);
        Py_CLEAR(late);
        set_holding(0);
    }
    Py_RETURN_NONE;
}

static PyMethodDef note_method = {"note_signal", note_signal, METH_VARARGS,
                                  "Note a signal that comes within a shield."};

PyObject *set_signals(PyObject *module, PyObject *args)
{
    PyObject *set, *get;
    unsigned long thread;
    if (!PyArg_ParseTuple(args, "OOk:set_signals", &set, &get, &thread))
        return NULL;
    for (int i = 0; i < SIGNALS; i++)
        if ((numbers[i] = PyLong_FromLong(signals[i])) == NULL)
            return NULL;
    if ((stand_in = PyCFunction_NewEx(&note_method, module, NULL)) == NULL)
        return NULL;
    main_thread = thread;
    get_handler = Py_NewRef(get);
    set_handler = Py_NewRef(set);
    Py_RETURN_NONE;
}
