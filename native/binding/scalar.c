/* scalar.c: Python numbers into and out of payload slots.
 *
 * Codes are those of the struct module where it has one: b h i q B H I Q integers of 8
 * to 64 bits, f d floats, ? bool, F D complex of two f or d, n None (no bytes).
 * Packing takes a value only if the slot holds it exactly and its kind is that of the
 * slot: an int in the place of a Python float would make other results (7 // 2 is 3, not
 * 3.0). Everything else (other types, NumPy scalars, too large, too precise) is left to
 * the caller's slow path, so nothing is ever truncated here.
 */
#include "binding.h"

#include <string.h>

#define STORE(type, value)                    \
    do {                                      \
        type stored = (type)(value);          \
        memcpy(slot, &stored, sizeof stored); \
        return 1;                             \
    } while (0)

/* Integers up to this size are exact as a double (2^53). */
static const long long EXACT = 9007199254740992LL;

static int whole(PyObject *value, long long least, long long most, long long *out)
{
    int overflow;
    if (!PyLong_CheckExact(value))
        return 0;
    *out = PyLong_AsLongLongAndOverflow(value, &overflow);
    return !overflow && *out >= least && *out <= most;
}

static int pack_unsigned(PyObject *value, void *slot)
{
    unsigned long long number;
    if (!PyLong_CheckExact(value))
        return 0;
    number = PyLong_AsUnsignedLongLong(value);
    if (number == (unsigned long long)-1 && PyErr_Occurred()) {
        PyErr_Clear();
        return 0;
    }
    STORE(uint64_t, number);
}

/* Where a slot names no class, numpy.float64 counts as a float. Other subclasses may do as they
 * like. */
static PyTypeObject *numpy_float;

PyObject *set_numpy_float(PyObject *Py_UNUSED(module), PyObject *type)
{
    numpy_float = (PyTypeObject *)Py_NewRef(type);
    Py_RETURN_NONE;
}

static int is_float(PyObject *value)
{
    return PyFloat_CheckExact(value) || Py_IS_TYPE(value, numpy_float);
}

static int real(PyObject *value, double *out)
{
    long long integer;
    if (is_float(value)) {
        *out = PyFloat_AsDouble(value);
        return 1;
    }
    if (!whole(value, -EXACT, EXACT, &integer))
        return 0;
    *out = (double)integer;
    return 1;
}

static int pack_float32(PyObject *value, void *slot)
{
    double number;
    float narrow;
    if (!real(value, &number))
        return 0;
    narrow = (float)number;
    if ((double)narrow != number && number == number)
        return 0;
    STORE(float, narrow);
}

static int pack_complex(PyObject *value, void *slot, int narrow)
{
    double parts[2];
    float narrow_parts[2];
    if (PyComplex_CheckExact(value)) {
        parts[0] = PyComplex_RealAsDouble(value);
        parts[1] = PyComplex_ImagAsDouble(value);
    } else if (narrow && real(value, &parts[0])) {
        parts[1] = 0.0;
    } else {
        return 0;
    }
    if (!narrow) {
        memcpy(slot, parts, sizeof parts);
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        narrow_parts[i] = (float)parts[i];
        if ((double)narrow_parts[i] != parts[i] && parts[i] == parts[i])
            return 0;
    }
    memcpy(slot, narrow_parts, sizeof narrow_parts);
    return 1;
}

int pack_scalar(char code, PyObject *value, void *slot)
{
    long long number;
    switch (code) {
    case 'd':
        if (!is_float(value))
            return 0;
        STORE(double, PyFloat_AsDouble(value));
    case 'q':
        if (!whole(value, INT64_MIN, INT64_MAX, &number))
            return 0;
        STORE(int64_t, number);
    case '?':
        if (value != Py_True && value != Py_False)
            return 0;
        STORE(uint8_t, value == Py_True);
    case 'D':
        return pack_complex(value, slot, 0);
    case 'F':
        return pack_complex(value, slot, 1);
    case 'f':
        return pack_float32(value, slot);
    case 'i':
        if (!whole(value, INT32_MIN, INT32_MAX, &number))
            return 0;
        STORE(int32_t, number);
    case 'h':
        if (!whole(value, INT16_MIN, INT16_MAX, &number))
            return 0;
        STORE(int16_t, number);
    case 'b':
        if (!whole(value, INT8_MIN, INT8_MAX, &number))
            return 0;
        STORE(int8_t, number);
    case 'Q':
        return pack_unsigned(value, slot);
    case 'I':
        if (!whole(value, 0, UINT32_MAX, &number))
            return 0;
        STORE(uint32_t, number);
    case 'H':
        if (!whole(value, 0, UINT16_MAX, &number))
            return 0;
        STORE(uint16_t, number);
    case 'B':
        if (!whole(value, 0, UINT8_MAX, &number))
            return 0;
        STORE(uint8_t, number);
    case 'n':
        return value == Py_None;
    default:
        return 0;
    }
}

int known_code(char code)
{
    return code && strchr("dq?DFfihbQIHBn", code) != NULL;
}

#define LOAD(type) (memcpy(&loaded.as_##type, memory, sizeof loaded.as_##type), loaded.as_##type)

static PyObject *plain_value(char code, const void *memory)
{
    union {
        double as_double, as_pair[2];
        float as_float, as_narrow[2];
        int64_t as_int64_t;
        int32_t as_int32_t;
        int16_t as_int16_t;
        int8_t as_int8_t;
        uint64_t as_uint64_t;
        uint32_t as_uint32_t;
        uint16_t as_uint16_t;
        uint8_t as_uint8_t;
    } loaded;
    switch (code) {
    case 'd':
        return PyFloat_FromDouble(LOAD(double));
    case 'q':
        return PyLong_FromLongLong(LOAD(int64_t));
    case '?':
        return PyBool_FromLong(LOAD(uint8_t));
    case 'n':
        return Py_NewRef(Py_None);
    case 'D':
        memcpy(loaded.as_pair, memory, sizeof loaded.as_pair);
        return PyComplex_FromDoubles(loaded.as_pair[0], loaded.as_pair[1]);
    case 'F':
        memcpy(loaded.as_narrow, memory, sizeof loaded.as_narrow);
        return PyComplex_FromDoubles(loaded.as_narrow[0], loaded.as_narrow[1]);
    case 'f':
        return PyFloat_FromDouble(LOAD(float));
    case 'i':
        return PyLong_FromLong(LOAD(int32_t));
    case 'h':
        return PyLong_FromLong(LOAD(int16_t));
    case 'b':
        return PyLong_FromLong(LOAD(int8_t));
    case 'Q':
        return PyLong_FromUnsignedLongLong(LOAD(uint64_t));
    case 'I':
        return PyLong_FromUnsignedLong(LOAD(uint32_t));
    case 'H':
        return PyLong_FromLong(LOAD(uint16_t));
    case 'B':
        return PyLong_FromLong(LOAD(uint8_t));
    default:
        PyErr_Format(PyExc_SystemError, "unknown slot code %d", code);
        return NULL;
    }
}

/* The number of Python that a NumPy scalar has the value of; NULL and an exception if none. */
static PyObject *as_plain(char code, PyObject *value)
{
    int truth;
    switch (code) {
    case 'd':
    case 'f':
        return PyNumber_Float(value);
    case 'D':
    case 'F':
        return PyObject_CallFunctionObjArgs((PyObject *)&PyComplex_Type, value, NULL);
    case '?':
        truth = PyObject_IsTrue(value);
        return truth < 0 ? NULL : PyBool_FromLong(truth);
    default:
        return PyNumber_Index(value);
    }
}

int pack_argument(const struct slot *slot, PyObject *value, void *memory)
{
    PyObject *plain;
    int packed;
    if (slot->convert == NULL)
        return pack_scalar(slot->code, value, memory);
    if ((PyObject *)Py_TYPE(value) != slot->convert)
        return 0;
    if (pack_scalar(slot->code, value, memory))
        return 1;
    if (PyLong_CheckExact(value)) /* too large for the slot */
        return 0;
    plain = as_plain(slot->code, value);
    packed = plain && pack_scalar(slot->code, plain, memory);
    Py_XDECREF(plain);
    PyErr_Clear();
    return packed;
}

PyObject *unpack_scalar(const struct slot *slot, const void *memory)
{
    PyObject *value = plain_value(slot->code, memory), *converted;
    if (slot->convert == NULL || value == NULL)
        return value;
    converted = PyObject_CallFunctionObjArgs(slot->convert, value, NULL);
    Py_DECREF(value);
    return converted;
}
