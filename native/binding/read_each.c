/* read_each.c: what gather(...) calls: the values of many results in one loop.
 *
 * It reads from the front, and stops at the first result that is no TaskResult of this library, has
 * not come to a value, or does not end within the time there is for waiting. What that means, and
 * whether a later one has failed meanwhile, is the caller's to find out; it is Python.
 */
#include "binding.h"

enum {
    YIELD = 65536, /* results, some milliseconds, after which other threads get the GIL */
    AHEAD = 8,     /* results whose memory is asked for before they are looked at */
    LINE = 64,     /* bytes of it that come at a time */
};

/* A worker has written both its state and its value, so they are in no cache of this processor. */
static void prefetch(PyObject *results, Py_ssize_t index)
{
    const char *result;
    if (index >= PyList_Size(results))
        return;
    result = (const char *)PyList_GetItem(results, index);
    __builtin_prefetch(result);
    __builtin_prefetch(result + LINE);
}

static int is_single(PyObject *value)
{
    return Py_IS_TYPE(value, result_type) || Py_IS_TYPE(value, python_result_type);
}

static double seconds_left(int64_t until)
{
    double left = (double)(until - cz->ticks_ns(cz->ticks())) * 1e-9;
    return left > 0 ? left : 0.0;
}

/* 1 it has a value, which is appended; 0 it has none, or not yet; -1 an exception of the wait. */
static int read_one(PyObject *result, PyObject *values, int64_t until)
{
    struct cz_record *record = record_of(result);
    PyObject *value;
    int done = refuse_foreign(record) ? -1 : is_final(record);
    if (done == 0)
        done = await_final(record, seconds_left(until));
    if (done <= 0)
        return done;
    switch (outcome(record)) {
    case CZ_COMPLETED:
        break;
    case -1:
        return -1;
    default:
        return 0;
    }
    if ((value = value_of(record)) == NULL)
        return -1;
    done = PyList_Append(values, value) ? -1 : 1;
    Py_DECREF(value);
    return done;
}

/* read_each(results, values, seconds): both are lists; it waits so long in all. */
PyObject *read_each(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *results, *values;
    double seconds;
    int64_t until;
    if (!PyArg_ParseTuple(args, "O!O!d:read_each", &PyList_Type, &results, &PyList_Type, &values,
                          &seconds))
        return NULL;
    until = cz->ticks_ns(cz->ticks()) + (int64_t)(seconds * 1e9);
    for (Py_ssize_t i = 0; i < PyList_Size(results); i++) {
        PyObject *result = Py_NewRef(PyList_GetItem(results, i));
        int done;
        prefetch(results, i + AHEAD);
        done = is_single(result) ? read_one(result, values, until) : 0;
        Py_DECREF(result);
        if (done < 0)
            return NULL;
        if (done == 0)
            break;
        if ((i + 1) % YIELD == 0) {
            Py_BEGIN_ALLOW_THREADS Py_END_ALLOW_THREADS if (PyErr_CheckSignals() ||
                                                            raise_through_shields()) return NULL;
        }
    }
    Py_RETURN_NONE;
}
