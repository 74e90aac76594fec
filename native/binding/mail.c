/* mail.c: the Python side of delays, retries, time limits, watching and stopping.
 *
 * The methods here are Bridge's; pools/dispatcher.py uses them. One Python thread is
 * inside bridge.dispatch(), which hands each record from the library's mailbox to a Python
 * handler. Whatever may come by mail is kept alive by the dispatcher until then: it holds
 * a reference to the result object.
 */
#include "binding.h"

static struct cz_lane *lane_of(struct cz_record *record)
{
    struct bridge *bridge = kind_of(record)->bridge;
    return is_python(kind_of(record)) ? bridge->python : bridge->native;
}

static PyObject *as_bool(int result)
{
    return result == CZ_ENOMEM ? PyErr_NoMemory() : PyBool_FromLong(result > 0);
}

static PyObject *watch(PyObject *Py_UNUSED(self), PyObject *result)
{
    return as_bool(cz->record_watch(record_of(result)));
}

static PyObject *watch_batch(PyObject *Py_UNUSED(self), PyObject *args)
{
    unsigned long long handle;
    PyObject *ended;
    int watched;
    if (!PyArg_ParseTuple(args, "KO:watch_batch", &handle, &ended))
        return NULL;
    Py_INCREF(ended); /* the mail's reference */
    /* Without the GIL: the end of the batch may be under way. */
    Py_BEGIN_ALLOW_THREADS watched = cz->batch_watch((struct cz_batch *)(uintptr_t)handle, ended);
    Py_END_ALLOW_THREADS if (watched != 1) Py_DECREF(ended);
    return as_bool(watched);
}

static PyObject *limit(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *result;
    long long limit_ns;
    int divert;
    if (!PyArg_ParseTuple(args, "OLp:limit", &result, &limit_ns, &divert))
        return NULL;
    if (cz->record_limit(record_of(result), limit_ns, divert))
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

/* The exception object of a settled compiled call belongs to the try that is over. */
static PyObject *retry(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *result;
    struct cz_record *record;
    long long delay_ns;
    int retried;
    if (!PyArg_ParseTuple(args, "OL:retry", &result, &delay_ns))
        return NULL;
    record = record_of(result);
    unsettle(record);
    record->retries++;
    if (is_python(kind_of(record)))
        Py_INCREF(result); /* the queue's reference */
    retried = cz->record_retry(lane_of(record), record, delay_ns);
    if (retried && is_python(kind_of(record)))
        Py_DECREF(result);
    return PyBool_FromLong(retried >= 0);
}

/* It was cancelled while it ran, as compiled code or as the Python call that stands for it. */
static int is_unwanted(struct cz_record *record)
{
    return is_final(record) ||
           atomic_load_explicit(&record->state, memory_order_acquire) & CZ_STOP_CANCEL;
}

/* Whoever cancelled it in time is right, whatever came of it. */
static void conclude_as(struct cz_record *record, uint32_t phase)
{
    if (is_unwanted(record))
        phase = CZ_CANCELLED;
    if (phase != CZ_FAILED)
        unsettle(record);
    cz->record_conclude(kind_of(record)->bridge->cache, record, phase);
    if (is_python(kind_of(record)))
        drop_arguments(record);
}

static PyObject *conclude(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *result;
    int cancelled;
    if (!PyArg_ParseTuple(args, "Op:conclude", &result, &cancelled))
        return NULL;
    conclude_as(record_of(result), cancelled ? CZ_CANCELLED : CZ_FAILED);
    Py_RETURN_NONE;
}

/* What came of the Python call that stands for it. */
static PyObject *rerun_ended(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *result, *call, *object = NULL;
    struct cz_record *record, *rerun;
    int again;
    if (!PyArg_ParseTuple(args, "OOp:rerun_ended", &result, &call, &again))
        return NULL;
    record = record_of(result);
    rerun = record_of(call);
    if (!is_final(record))
        record->finished_at = cz->ticks();
    if (phase_of(rerun) == CZ_CANCELLED || is_unwanted(record)) {
        conclude_as(record, CZ_CANCELLED);
        Py_RETURN_FALSE;
    }
    if (phase_of(rerun) == CZ_FAILED && timed_out(rerun) && !again) {
        conclude_as(record, CZ_FAILED | CZ_STOP_TIMEOUT);
        Py_RETURN_FALSE;
    }
    if (phase_of(rerun) == CZ_COMPLETED) {
        settle_value(record, call_of(rerun)->value);
        conclude_as(record, CZ_FAILED);
        Py_RETURN_FALSE;
    }
    if ((object = failure_of(rerun)) == NULL)
        return NULL;
    settle_error(record, object);
    Py_DECREF(object);
    Py_RETURN_TRUE;
}

static PyObject *failure(PyObject *Py_UNUSED(self), PyObject *result)
{
    return failure_of(record_of(result));
}

/* Mail said that the library cannot stop this call. */
static PyObject *stop_call(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *result;
    int again;
    struct cz_record *record;
    int late;
    if (!PyArg_ParseTuple(args, "Op:stop_call", &result, &again))
        return NULL;
    record = record_of(result);
    late = timed_out(record);
    if (is_python(kind_of(record)))
        interrupt_call(record, late ? error_timeout : error_cancelled);
    /* If another try may follow, it must not begin before this one has ended. */
    if (!again || !late || !is_python(kind_of(record)))
        cz->record_abandon(record, late ? CZ_FAILED : CZ_CANCELLED);
    Py_RETURN_NONE;
}

/* --- promises: results that Python code fulfils ----------------------------------------- */

static PyObject *fulfil(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *result, *value;
    int failed;
    struct cz_record *record;
    if (!PyArg_ParseTuple(args, "OpO:fulfil", &result, &failed, &value))
        return NULL;
    record = record_of(result);
    if (!cz->record_start(record))
        Py_RETURN_FALSE;
    record->started_at = record->finished_at = cz->ticks();
    set_value(record, Py_NewRef(value));
    drop_arguments(record); /* its keeper, which holds it */
    cz->record_finish(record, failed ? CZ_FAILED : CZ_COMPLETED);
    Py_RETURN_TRUE;
}

/* --- the dispatcher's loop ---------------------------------------------------------------- */

/* The reasons that are left. The GIL is let go of while the Python call is made. */
static uint32_t deliver_rerun(struct cz_record *record, uint32_t reasons)
{
    struct cz_cache *cache = kind_of(record)->bridge->cache;
    PyObject *result = (PyObject *)result_of(record);
    if (Py_REFCNT(result) == 0) { /* nobody will see what comes of it */
        cz->record_conclude(cache, record, CZ_FAILED);
        return 0;
    }
    Py_INCREF(result);
    if (!is_unwanted(record) && begin_rerun(record)) {
        if (is_unwanted(record)) /* by now: who asked for it found no call to stop */
            stop_record(record_of(record->error));
    } else if (is_unwanted(record))
        cz->record_conclude(cache, record, CZ_CANCELLED);
    else
        reasons |= CZ_MAIL_FAILED;
    Py_DECREF(result);
    return reasons & ~(uint32_t)CZ_MAIL_RERUN;
}

/* What comes by mail later needs this thread, whatever is raised here. */
static void deliver(struct cz_record *record, uint32_t reasons, PyObject *handler)
{
    PyObject *result, *done, *ended = cz->batch_told(record);
    if (reasons & CZ_MAIL_RERUN && (reasons = deliver_rerun(record, reasons)) == 0)
        return;
    if (ended == NULL && reasons & CZ_MAIL_ENDED && bury(record))
        return;
    if (ended) {
        done = PyObject_CallNoArgs(ended);
        Py_DECREF(ended);
    } else {
        result = Py_NewRef((PyObject *)result_of(record));
        done = PyObject_CallFunction(handler, "OI", result, reasons);
        Py_DECREF(result);
    }
    if (done == NULL)
        PyErr_WriteUnraisable(handler);
    Py_XDECREF(done);
}

static PyObject *dispatch(PyObject *self, PyObject *args)
{
    struct bridge *bridge = (struct bridge *)self;
    PyObject *handler, *idle;
    struct cz_record *record;
    uint32_t reasons;
    int64_t slice_ns;
    if (!PyArg_ParseTuple(args, "OO:dispatch", &handler, &idle))
        return NULL;
    bridge->dispatching = 1;
    while (bridge->dispatching) {
        PyObject *more;
        while ((record = cz->mail_take(bridge->pool, &reasons)))
            deliver(record, reasons, handler);
        if (cz->lane_wants_guest(bridge->python))
            scale_up(bridge);
        spawn_relief(bridge, (uint32_t)cz->lane_wants_relief(bridge->python));
        slice_ns = repeat_interrupts();
        more = PyObject_CallNoArgs(idle);
        if (more == NULL)
            PyErr_WriteUnraisable(idle);
        Py_XDECREF(more);
        if (!bridge->dispatching)
            break;
        Py_BEGIN_ALLOW_THREADS cz->mail_wait(bridge->pool, slice_ns);
        Py_END_ALLOW_THREADS
    }
    Py_RETURN_NONE;
}

static PyObject *ring(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    cz->mail_ring(((struct bridge *)self)->pool);
    Py_RETURN_NONE;
}

static PyObject *end_dispatch(PyObject *self, PyObject *ignored)
{
    ((struct bridge *)self)->dispatching = 0;
    return ring(self, ignored);
}

/* Submissions of this thread are part of what came before a close: the promise of the
 * lanes is held meanwhile. */
_Thread_local int privileged;
int privileged_threads;

static PyObject *promise_lanes(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    struct bridge *bridge = (struct bridge *)self;
    if (privileged) { /* which means that this thread holds one */
        cz->lane_promise_more(bridge->native);
        cz->lane_promise_more(bridge->python);
        Py_RETURN_TRUE;
    }
    if (cz->lane_promise(bridge->native))
        Py_RETURN_FALSE;
    if (cz->lane_promise(bridge->python) == 0)
        Py_RETURN_TRUE;
    cz->lane_promise_kept(bridge->native);
    Py_RETURN_FALSE;
}

static PyObject *keep_promise(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    cz->lane_promise_kept(((struct bridge *)self)->native);
    cz->lane_promise_kept(((struct bridge *)self)->python);
    Py_RETURN_NONE;
}

static PyObject *set_privileged(PyObject *Py_UNUSED(self), PyObject *on)
{
    privileged_threads -= privileged;
    privileged = PyObject_IsTrue(on);
    privileged_threads += privileged;
    Py_RETURN_NONE;
}

PyMethodDef mail_methods[] = {
    {"watch", watch, METH_O,
     "watch(result): True if its end will be dispatched, False if it has ended already."},
    {"watch_batch", watch_batch, METH_VARARGS,
     "watch_batch(handle, ended): True if ended() will be called by dispatch() at the end of the\n"
     "batch, which must live until then; False if it has ended already."},
    {"limit", limit, METH_VARARGS,
     "limit(result, ns, divert): limit each run; dispatch failures undecided."},
    {"retry", retry, METH_VARARGS,
     "retry(result, ns): run a diverted call again after so long; False: conclude it instead."},
    {"conclude", conclude, METH_VARARGS, "conclude(result, cancelled): end a diverted call."},
    {"rerun_ended", rerun_ended, METH_VARARGS,
     "rerun_ended(result, call, again): hand on what came of the call that stands for it; True if\n"
     "that is left to be decided: it failed. `again`: it may be tried again."},
    {"failure", failure, METH_O, "failure(result): the exception of a diverted call."},
    {"stop_call", stop_call, METH_VARARGS,
     "stop_call(result, again): stop what only Python can; `again`: it may be tried again."},
    {"fulfil", fulfil, METH_VARARGS,
     "fulfil(promise, failed, value): end a promise; False if it was cancelled before."},
    {"dispatch", dispatch, METH_VARARGS,
     "dispatch(handler, idle): call handler(result, reasons) for mail, idle() when there is none."},
    {"end_dispatch", end_dispatch, METH_NOARGS, "Let dispatch() return."},
    {"ring", ring, METH_NOARGS, "Let dispatch() call idle() soon."},
    {"promise", promise_lanes, METH_NOARGS,
     "Keep both lanes' workers until keep_promise(); False if they are closed."},
    {"set_privileged", set_privileged, METH_O,
     "set_privileged(on): a close does not refuse this thread's submissions."},
    {"keep_promise", keep_promise, METH_NOARGS, "Undo promise()."},
    {0},
};
