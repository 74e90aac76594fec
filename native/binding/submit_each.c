/* submit_each.c: what task.submit_each(...) calls: many submissions in one loop.
 *
 * Either every row fits the submitter's slots exactly, or nothing is queued and the caller, Python,
 * goes another way. Scalars are packed twice for that, first into a scratch payload: a second
 * packing takes less time than to hold back the first tasks until the last row is known to fit.
 * Where arguments are objects, all calls are made before the first is queued.
 *
 * `into` is known to nobody else. The lists that come in may be: the GIL is let go of in between,
 * and another thread that changes one of them gets us an exception, at worst. An exception in the
 * middle (a full queue, a closed runtime, Ctrl-C while it waits for room) leaves in `into` what was
 * queued.
 */
#include "binding.h"

enum {
    MOST_BYTES = 2048,    /* of a payload */
    MOST_ARGUMENTS = 256, /* a payload has no room for more of a byte each, with their objects */
    LOOK = 4096,          /* submissions between two looks for signals */
    BURST_LEAST = 64,     /* submissions that are queued as one entry, at first */
    BURST_MOST = 2048,    /* and at most */
    YIELD = 65536, /* submissions, some milliseconds, after which other threads get the GIL */
};

struct rows {
    PyObject *column[MOST_ARGUMENTS]; /* borrowed lists */
    uint32_t columns;
    Py_ssize_t length;
};

/* 0, or -1 and an exception. */
static int take_row(const struct rows *rows, Py_ssize_t row, PyObject **values)
{
    for (uint32_t i = 0; i < rows->columns; i++)
        if ((values[i] = PyList_GetItem(rows->column[i], row)) == NULL)
            return -1;
    return 0;
}

/* 1, 0, or -1 and an exception. */
static int fit(const struct kind *kind, const struct rows *rows)
{
    _Alignas(16) char payload[MOST_BYTES];
    PyObject *values[MOST_ARGUMENTS];
    for (Py_ssize_t row = 0; row < rows->length; row++) {
        if (take_row(rows, row, values))
            return -1;
        if (!pack_arguments(kind, values, payload))
            return 0;
    }
    return 1;
}

/* What is still to be done now and then in a long loop. */
static int look_around(Py_ssize_t done)
{
    if ((done + 1) % LOOK)
        return 0;
    if ((done + 1) % YIELD == 0) {
        Py_BEGIN_ALLOW_THREADS Py_END_ALLOW_THREADS
    }
    return PyErr_CheckSignals() || raise_through_shields() ? -1 : 0;
}

static PyObject *packed(struct kind *kind, PyObject *const *values)
{
    PyObject *result = new_result(kind);
    if (result == NULL || pack_arguments(kind, values, (char *)(record_of(result) + 1)))
        return result;
    forgo_queue(result);
    Py_DECREF(result);
    PyErr_Format(PyExc_RuntimeError, "task %U: an argument has changed while it was submitted",
                 kind->name);
    return NULL;
}

/* Calls that stand last in `into`, and are in no queue yet. */
struct burst {
    Py_ssize_t first;
    uint32_t count, most;
    struct cz_record *record[BURST_MOST];
};

static void forgo_from(PyObject *made, Py_ssize_t first)
{
    for (Py_ssize_t i = first; i < PyList_Size(made); i++)
        forgo_queue(PyList_GetItem(made, i));
}

/* Its pool holds nothing of it. Keeps the exception that is set. */
static void drop_last(PyObject *into)
{
    PyObject *class, *exception, *traceback;
    PyErr_Fetch(&class, &exception, &traceback);
    PyList_SetSlice(into, PyList_Size(into) - 1, PyList_Size(into), NULL);
    PyErr_Restore(class, exception, traceback);
}

/* The calls from here on are in no queue and will be in none. Keeps the exception that is set. */
static void cut(PyObject *into, Py_ssize_t first)
{
    PyObject *class, *exception, *traceback;
    PyErr_Fetch(&class, &exception, &traceback);
    forgo_from(into, first);
    PyList_SetSlice(into, first, PyList_Size(into), NULL); /* a shorter list needs no memory */
    PyErr_Restore(class, exception, traceback);
}

/* One by one: what is to be done where the queue is full, or closed, is told for single calls. */
static int queue_singly(struct submitter *self, const struct burst *burst, PyObject *into)
{
    for (uint32_t i = 0; i < burst->count; i++) {
        PyObject *result = PyList_GetItem(into, burst->first + i);
        if (enqueue(self, self->kind->bridge->native, result) != FAILED_TO_QUEUE)
            continue;
        cut(into, burst->first + i + 1);
        drop_last(into);
        return -1;
    }
    return 0;
}

static int flush(struct submitter *self, struct burst *burst, PyObject *into)
{
    int failed = 0;
    if (burst->count < 2 || is_privileged() ||
        cz->lane_push_bundle(self->kind->bridge->native, burst->record, burst->count, self->level))
        failed = queue_singly(self, burst, into);
    burst->first += burst->count;
    burst->count = 0;
    if (burst->most < BURST_MOST && !self->kind->bridge->limited)
        burst->most *= 2; /* the first ones soon, so that the workers begin */
    return failed;
}

/* Takes the reference to the call. 0, or -1 and an exception. */
static int queue_soon(struct submitter *self, struct burst *burst, PyObject *result, PyObject *into)
{
    int failed = PyList_Append(into, result);
    if (failed)
        forgo_queue(result);
    else
        burst->record[burst->count++] = record_of(result);
    Py_DECREF(result);
    return failed || (burst->count == burst->most && flush(self, burst, into)) ? -1 : 0;
}

/* What was made is queued, whatever came then. */
static int end_burst(struct submitter *self, struct burst *burst, PyObject *into, int failed)
{
    PyObject *class, *exception, *traceback;
    if (!failed)
        return flush(self, burst, into);
    PyErr_Fetch(&class, &exception, &traceback);
    if (flush(self, burst, into))
        PyErr_Clear();
    PyErr_Restore(class, exception, traceback);
    return -1;
}

static struct burst new_burst(const struct submitter *self)
{
    /* Where record memory is limited, a call waits for that of others: they must be queued. */
    return (struct burst){.most = self->kind->bridge->limited ? 1 : BURST_LEAST};
}

/* 0, or -1 and an exception. */
static int queue_scalars(struct submitter *self, const struct rows *rows, PyObject *into)
{
    PyObject *values[MOST_ARGUMENTS];
    struct burst burst = new_burst(self);
    int failed = 0;
    for (Py_ssize_t row = 0; row < rows->length && !failed; row++) {
        PyObject *result = take_row(rows, row, values) ? NULL : packed(self->kind, values);
        failed = result == NULL || queue_soon(self, &burst, result, into) || look_around(row);
    }
    return end_burst(self, &burst, into, failed);
}

/* 1 all made, 0 some row does not fit, -1 an exception; unless 1, none is left in `made`. */
static int make_all(struct kind *kind, const struct rows *rows, PyObject *made)
{
    PyObject *values[MOST_ARGUMENTS];
    for (Py_ssize_t row = 0; row < rows->length; row++) {
        PyObject *result = take_row(rows, row, values) ? NULL : new_result(kind);
        int fits = 0, failed = result == NULL;
        if (result) {
            fits = pack_arguments(kind, values, (char *)(record_of(result) + 1));
            failed = fits && PyList_Append(made, result);
            if (!fits || failed)
                forgo_queue(result);
            Py_DECREF(result);
        }
        if (failed || !fits || look_around(row)) {
            forgo_from(made, 0);
            return PyErr_Occurred() ? -1 : 0;
        }
    }
    return 1;
}

static int queue_objects(struct submitter *self, PyObject *made, PyObject *into)
{
    struct burst burst = new_burst(self);
    Py_ssize_t row = 0, length = PyList_Size(made);
    int failed = 0;
    while (row < length && !failed) {
        failed = queue_soon(self, &burst, Py_NewRef(PyList_GetItem(made, row)), into);
        failed = failed || look_around(row);
        row++;
    }
    if (failed)
        forgo_from(made, row);
    return end_burst(self, &burst, into, failed);
}

/* 1 queued, 0 some row does not fit, -1 an exception. */
static int submit_objects(struct submitter *self, const struct rows *rows, PyObject *into)
{
    PyObject *made = PyList_New(0);
    int done = made ? make_all(self->kind, rows, made) : -1;
    if (done == 1 && queue_objects(self, made, into))
        done = -1;
    Py_XDECREF(made);
    return done;
}

/* 1; 0 for more columns than are handled here; or -1 and an exception. */
static int parse_rows(PyObject *columns, struct rows *rows)
{
    Py_ssize_t count = PyTuple_Size(columns);
    if (count > MOST_ARGUMENTS)
        return 0;
    if (count < 1) {
        PyErr_SetString(PyExc_ValueError, "submit_each: the number of columns");
        return -1;
    }
    rows->columns = (uint32_t)count;
    for (Py_ssize_t i = 0; i < count; i++) {
        rows->column[i] = PyTuple_GetItem(columns, i);
        if (!PyList_CheckExact(rows->column[i]) ||
            (i && PyList_Size(rows->column[i]) != rows->length)) {
            PyErr_SetString(PyExc_ValueError, "submit_each: columns are lists of one length");
            return -1;
        }
        rows->length = PyList_Size(rows->column[i]);
    }
    return 1;
}

PyObject *submit_each(PyObject *op, PyObject *args)
{
    struct submitter *self = (struct submitter *)op;
    struct kind *kind = self->kind;
    PyObject *columns, *into;
    struct rows rows = {.length = 0};
    int done;
    if (!PyArg_ParseTuple(args, "O!O!:submit_each", &PyTuple_Type, &columns, &PyList_Type, &into) ||
        (done = parse_rows(columns, &rows)) < 0 || check_open(kind->bridge, kind))
        return NULL;
    if (done == 0 || rows.columns != kind->arguments || !guards_hold(kind))
        Py_RETURN_NOTIMPLEMENTED;
    if (!kind->boxed && (done = fit(kind, &rows)) != 1)
        return done ? NULL : Py_NewRef(Py_NotImplemented);
    done = kind->boxed ? submit_objects(self, &rows, into)
                       : (queue_scalars(self, &rows, into) ? -1 : 1);
    if (done < 0)
        return NULL;
    if (done == 0)
        Py_RETURN_NOTIMPLEMENTED;
    Py_RETURN_NONE;
}

/* Queue a Python call per row; NotImplemented for too many columns. */
PyObject *submit_each_python(PyObject *op, PyObject *args)
{
    struct submitter *self = (struct submitter *)op;
    PyObject *columns, *into;
    struct rows rows = {.length = 0};
    int done;
    if (!PyArg_ParseTuple(args, "O!O!:submit_each_python", &PyTuple_Type, &columns, &PyList_Type,
                          &into) ||
        (done = parse_rows(columns, &rows)) < 0 || check_open(self->kind->bridge, self->kind))
        return NULL;
    if (done == 0)
        Py_RETURN_NOTIMPLEMENTED;
    for (Py_ssize_t row = 0; row < rows.length; row++) {
        PyObject *row_values[MOST_ARGUMENTS], *values = NULL, *result = NULL;
        int failed = 1;
        if (take_row(&rows, row, row_values) == 0)
            values = PyTuple_New(rows.columns);
        for (uint32_t i = 0; values && i < rows.columns; i++)
            PyTuple_SetItem(values, i, Py_NewRef(row_values[i]));
        if (values && (result = submit_python(op, values, NULL)))
            failed = PyList_Append(into, result);
        Py_XDECREF(result);
        Py_XDECREF(values);
        if (failed || look_around(row))
            return NULL;
    }
    Py_RETURN_NONE;
}

/* Let go of a compiled call that prepare() returned and that will not be started. */
PyObject *withdraw(PyObject *Py_UNUSED(op), PyObject *result)
{
    if (Py_IS_TYPE(result, result_type) || Py_IS_TYPE(result, python_result_type))
        forgo_queue(result);
    Py_RETURN_NONE;
}
