/* cancel.c: ending a call before its time, by whoever has its result. */
#include "binding.h"

/* The dispatcher repeats interrupts that were lost. Without one, as while the interpreter
 * exits, each comes once. */
static void expect_repeats(struct bridge *bridge)
{
    struct running shield;
    PyObject *done = NULL;
    enter_running(&shield, NULL);
    if (bridge->owner)
        done = PyObject_CallMethod(bridge->owner, "start_dispatcher", NULL);
    leave_running(&shield);
    if (done == NULL)
        PyErr_Clear();
    Py_XDECREF(done);
}

/* What the library cannot stop ends for its waiters here and now: a Python call is interrupted,
 * a compiled one that calls Python goes on, and its result is dropped. */
int stop_record(struct cz_record *record)
{
    int python = is_python(kind_of(record)), asked;
    struct cz_record *rerun;
    if (python && cancel_call(record))
        return 1;
    if (python && phase_of(record) == CZ_RUNNING)
        expect_repeats(kind_of(record)->bridge);
    asked = cz->record_stop(record, CZ_STOP_CANCEL); /* from here on it is not tried again */
    if (asked && python)
        interrupt_call(record, error_cancelled);
    if (asked && (rerun = rerun_of(record))) {
        Py_INCREF(result_of(rerun)); /* it may end, and be let go of, in the meantime */
        stop_record(rerun);
        Py_DECREF(result_of(rerun));
    }
    if (asked == 2)
        cz->record_abandon(record, CZ_CANCELLED);
    if (python)
        announce_end(record);
    return asked;
}

PyObject *cancel_result(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    struct cz_record *record = record_of(self);
    int did;
    if (refuse_foreign(record))
        return NULL;
    did = stop_record(record);
    if (PyErr_Occurred()) /* Ctrl-C, while an event loop was told */
        return NULL;
    return PyBool_FromLong(did || phase_of(record) == CZ_CANCELLED);
}

/* What runs goes on: concurrent.futures has it so. */
PyObject *cancel_pending(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    struct cz_record *record = record_of(self);
    int did;
    if (refuse_foreign(record))
        return NULL;
    did = is_python(kind_of(record)) ? cancel_call(record) : cz->record_cancel(record);
    if (PyErr_Occurred())
        return NULL;
    return PyBool_FromLong(did || phase_of(record) == CZ_CANCELLED);
}
