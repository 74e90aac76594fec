/* waiting.c: a thread waits for a result.
 *
 * It polls, helps, or sleeps with the GIL released, in slices, so that Ctrl-C is seen. A
 * Python worker helps: it runs what it waits for, if that is a queued Python task.
 */
#include "binding.h"

/* A wait looks for signals at least this often. */
#define SLICE_NS ((int64_t)50 * 1000 * 1000)

/* Poll shortly with the GIL held: releasing it costs more than most small tasks. */
static int poll_final(struct cz_record *record)
{
    for (int i = 0; i < 40; i++) {
        if (is_final(record))
            return 1;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    return 0;
}

/* A Python worker that waits for a queued Python task runs it itself; else a task that
 * waits for its own submissions could occupy the last worker for ever. */

static int is_early(struct cz_record *record)
{
    int64_t due_ns = call_of(record)->due_ns;
    return due_ns && cz->ticks_ns(cz->ticks()) < due_ns;
}

/* It runs, or has failed undecided, and another try may follow. */
static int may_be_queued_again(struct cz_record *record)
{
    uint32_t state = atomic_load_explicit(&record->state, memory_order_acquire);
    return state & CZ_DIVERT && !cz_is_final(state);
}

enum help help(struct cz_record *record)
{
    struct kind *kind = kind_of(record);
    struct cz_record *rerun = rerun_of(record);
    if (rerun)
        return help(rerun) == RAN ? RAN : NOT_YET;
    if (kind->rerun && on_python_worker() && !is_final(record))
        return NOT_YET; /* it may come to that */
    if (!is_python(kind) || !on_python_worker() || kind->assist)
        return NOT_OURS;
    if (phase_of(record) == CZ_RETRYING || is_early(record))
        return is_final(record) ? NOT_OURS : NOT_YET;
    if (!cz->record_start(record))
        return may_be_queued_again(record) ? NOT_YET : NOT_OURS;
    run_call(record);
    return RAN;
}

/* What a promise stands for may be queued Python tasks, now or later. */
static int help_promise(struct cz_record *record, double timeout)
{
    PyObject *seconds, *done;
    if (kind_of(record)->assist == NULL || !on_python_worker())
        return 0;
    seconds = timeout < 0 ? Py_NewRef(Py_None) : PyFloat_FromDouble(timeout);
    done = seconds ? PyObject_CallFunctionObjArgs(kind_of(record)->assist,
                                                  (PyObject *)result_of(record), seconds, NULL)
                   : NULL;
    Py_XDECREF(seconds);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* How long to sleep before help() is worth another look. */
static int64_t slice_of(struct cz_record *record)
{
    int64_t left = SLICE_NS;
    if (is_python(kind_of(record)) && on_python_worker() && is_early(record))
        left = call_of(record)->due_ns - cz->ticks_ns(cz->ticks()) + 10000;
    return left > 0 && left < SLICE_NS ? left : SLICE_NS;
}

/* Ctrl-C stops the compiled work that is waited for; what else a signal handler raises (SystemExit
 * at SIGTERM: finish the work, then leave) does not. */
static int check_signals(struct cz_record *record)
{
    if (PyErr_CheckSignals() == 0 && (holds_signals() || deliver_signals() == 0))
        return 0;
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) && !is_python(kind_of(record)))
        stop_record(record);
    return -1;
}

static PyObject *blocks; /* blocks(task name): the thread is about to sleep; may warn */

PyObject *set_blocks(PyObject *Py_UNUSED(module), PyObject *function)
{
    blocks = Py_NewRef(function); /* once */
    Py_RETURN_NONE;
}

static int tell_block(struct cz_record *record)
{
    PyObject *told = PyObject_CallFunctionObjArgs(blocks, kind_of(record)->name, NULL);
    Py_XDECREF(told);
    return told ? 0 : -1;
}

static int await_or_raise(struct cz_record *record, double timeout)
{
    int64_t until = 0, now;
    int told = 0;
    if (is_final(record))
        return 1;
    if (timeout >= 0)
        until = cz->ticks_ns(cz->ticks()) + (int64_t)(timeout * 1e9);
    if (help_promise(record, timeout))
        return -1;
    if (!is_python(kind_of(record)) && poll_final(record))
        return 1;
    while (!is_final(record)) {
        int64_t slice = slice_of(record);
        if (raise_interrupt()) /* also one that came before the wait and has not hit yet */
            return -1;
        if (help(record) == RAN) /* again after each slice: a delay may be over */
            continue;
        if (timeout >= 0) {
            now = cz->ticks_ns(cz->ticks());
            if (now >= until)
                return 0;
            if (until - now < slice)
                slice = until - now;
        }
        if (!told++ && tell_block(record))
            return -1;
        Py_BEGIN_ALLOW_THREADS cz->record_wait(record, slice);
        Py_END_ALLOW_THREADS if (check_signals(record)) return -1;
    }
    return 1;
}

/* A Python task that is stopped while it waits for what it has submitted itself takes that along.
 */
static void stop_child(struct cz_record *record)
{
    PyObject *type, *value, *traceback;
    if (run_number() == 0 || result_of(record)->parent != run_number() || !interrupted_here())
        return;
    PyErr_Fetch(&type, &value, &traceback);
    stop_record(record);
    PyErr_Restore(type, value, traceback);
}

/* 1 final, 0 timed out, -1 exception. */
int await_final(struct cz_record *record, double timeout)
{
    int done = await_or_raise(record, timeout);
    if (done < 0)
        stop_child(record);
    return done;
}

int parse_timeout(struct cz_record *record, PyObject *value, double *timeout)
{
    *timeout = -1.0;
    if (value == NULL || value == Py_None)
        return 0;
    *timeout = PyFloat_AsDouble(value);
    if (*timeout == -1.0 && PyErr_Occurred())
        return -1;
    if (*timeout != *timeout) {
        PyErr_Format(PyExc_ValueError, "task %U: timeout must not be NaN", kind_of(record)->name);
        return -1;
    }
    if (*timeout < 0)
        *timeout = 0;
    else if (*timeout > 4e9) /* a century: more than the clock can add */
        *timeout = -1.0;
    return 0;
}

/* Wait for the end as the arguments say; 1 final, -1 exception (also TimeoutError). */
int finish_waiting(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames,
                   const char *method)
{
    struct cz_record *record = record_of(self);
    double timeout = -1.0;
    int done;
    Py_ssize_t named = kwnames ? PyTuple_Size(kwnames) : 0;
    if (refuse_foreign(record))
        return -1;
    if (nargs + named > 1 ||
        (named && PyUnicode_CompareWithASCIIString(PyTuple_GetItem(kwnames, 0), "timeout"))) {
        PyErr_Format(PyExc_TypeError, "TaskResult.%s() takes one argument, timeout", method);
        return -1;
    }
    if (nargs + named && parse_timeout(record, args[0], &timeout))
        return -1;
    done = await_final(record, timeout);
    if (done == 0) {
        PyErr_Format(PyExc_TimeoutError, "task %U: not done within the given timeout",
                     kind_of(record)->name);
        return -1;
    }
    return done;
}
