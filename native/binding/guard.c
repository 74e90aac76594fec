/* guard.c: what a compiled call takes for constant.
 *
 * Compiled code has built in the values of the globals, module attributes and closure cells
 * that its function names, and the code and defaults of its helpers. Python looks them up at
 * each call. So each submission of such a task looks whether all still are the same objects;
 * if not, it takes the slow path, which compiles anew.
 *
 * A name costs one dictionary look-up. A cell's value and a function's parts cost a comparison
 * of one word: where in such an object the word lies is found once, on an object made for it,
 * since the limited API does not tell. Where it is not found, the attribute is asked for.
 *
 * Of a list, dict or set of the module the objects in it are compared, one word each: whoever
 * has the list may change it without a name being assigned.
 */
#include "binding.h"

#include <string.h>

struct guard {
    PyObject *holder; /* a dictionary; or a cell or a function, whose attribute is meant */
    PyObject *key;
    PyObject *value; /* NULL: a dictionary does not have the key, a word holds no object */
    size_t word;     /* the offset of the attribute in its holder; 0: not known, or no attribute */
    int attribute;
    int contents; /* `value` is a tuple of the objects in `holder` */
};

static struct {
    const char *name;
    size_t offset;
} words[] = {
    /* the first is the cells' */
    {"cell_contents", 0},
    {"__code__", 0},
    {"__defaults__", 0},
    {"__kwdefaults__", 0}};
enum { WORDS = sizeof words / sizeof *words };

static int holds_list(PyObject *list, PyObject *before)
{
    Py_ssize_t size = PyList_Size(list);
    if (size != PyTuple_Size(before))
        return 0;
    for (Py_ssize_t i = 0; i < size; i++)
        if (PyList_GetItem(list, i) != PyTuple_GetItem(before, i))
            return 0;
    return 1;
}

static int holds_dict(PyObject *dict, PyObject *before)
{
    PyObject *key, *value;
    Py_ssize_t position = 0, i = 0;
    if (2 * PyDict_Size(dict) != PyTuple_Size(before))
        return 0;
    while (PyDict_Next(dict, &position, &key, &value)) {
        if (key != PyTuple_GetItem(before, i) || value != PyTuple_GetItem(before, i + 1))
            return 0;
        i += 2;
    }
    return 1;
}

/* The order of a set is not compared, and equal items are one to it. */
static int holds_set(PyObject *set, PyObject *before)
{
    if (PySet_Size(set) != PyTuple_Size(before))
        return 0;
    for (Py_ssize_t i = 0; i < PyTuple_Size(before); i++)
        if (PySet_Contains(set, PyTuple_GetItem(before, i)) != 1)
            return 0;
    return 1;
}

static int holds_contents(const struct guard *guard)
{
    if (PyList_Check(guard->holder))
        return holds_list(guard->holder, guard->value);
    if (PyDict_Check(guard->holder))
        return holds_dict(guard->holder, guard->value);
    return holds_set(guard->holder, guard->value);
}

static int holds(const struct guard *guard)
{
    PyObject *now;
    int same;
    if (guard->contents)
        return holds_contents(guard);
    if (guard->word) {
        memcpy(&now, (const char *)guard->holder + guard->word, sizeof now);
        return now == guard->value;
    }
    if (!guard->attribute)
        return PyDict_GetItemWithError(guard->holder, guard->key) == guard->value;
    now = PyObject_GetAttr(guard->holder, guard->key);
    same = now == (guard->value ? guard->value : Py_None);
    Py_XDECREF(now);
    return same;
}

int guards_hold(const struct kind *kind)
{
    for (uint32_t i = 0; i < kind->guards; i++)
        if (!holds(&kind->guard[i])) {
            PyErr_Clear(); /* an emptied cell */
            return 0;
        }
    return 1;
}

void drop_guards(struct kind *kind)
{
    for (uint32_t i = 0; i < kind->guards; i++) {
        Py_DECREF(kind->guard[i].holder);
        Py_DECREF(kind->guard[i].key);
        Py_XDECREF(kind->guard[i].value);
    }
    PyMem_Free(kind->guard);
    kind->guard = NULL;
    kind->guards = 0;
}

static size_t word_of(PyObject *key)
{
    for (size_t i = 0; i < WORDS; i++)
        if (PyUnicode_CompareWithASCIIString(key, words[i].name) == 0)
            return words[i].offset;
    return 0;
}

static int is_cell(PyObject *key)
{
    return PyUnicode_CompareWithASCIIString(key, words[0].name) == 0;
}

/* `guards` is a tuple of (dictionary, name, value), (dictionary, name) for a name that it does
 * not have, (cell or function, attribute, value), and (list, dict or set, "[]", contents). */
int set_guards(struct kind *kind, PyObject *guards)
{
    Py_ssize_t count = PyTuple_Size(guards);
    if (count < 0)
        return -1;
    kind->guard = PyMem_Calloc((size_t)count + 1, sizeof *kind->guard);
    if (kind->guard == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *holder, *key, *value = NULL;
        struct guard *guard = &kind->guard[i];
        if (!PyArg_ParseTuple(PyTuple_GetItem(guards, i), "OU|O:guard", &holder, &key, &value))
            return -1;
        guard->contents = PyUnicode_CompareWithASCIIString(key, "[]") == 0;
        if (guard->contents && !(value && PyTuple_Check(value))) {
            PyErr_SetString(PyExc_TypeError, "the contents of a guard are a tuple");
            return -1;
        }
        guard->attribute = !guard->contents && !PyDict_Check(holder);
        guard->word = guard->attribute ? word_of(key) : 0;
        if (guard->attribute && value == Py_None && !is_cell(key))
            value = NULL; /* a function without defaults holds no object */
        guard->holder = Py_NewRef(holder);
        guard->key = Py_NewRef(key);
        guard->value = Py_XNewRef(value);
        kind->guards = (uint32_t)i + 1;
    }
    return 0;
}

/* --- where the words lie --------------------------------------------------------------- */

static const char sample[] = "def make():\n"
                             "    held = object()\n"
                             "    def function(first=1, *, second=2):\n"
                             "        return held\n"
                             "    return function\n"
                             "function = make()\n"
                             "cell = function.__closure__[0]\n";

/* The offset of the only word of `holder` that is the address of its attribute's value, or 0. */
static size_t find_word(PyObject *holder, const char *name)
{
    PyObject *value = PyObject_GetAttrString(holder, name);
    PyObject *basic = PyObject_GetAttrString((PyObject *)Py_TYPE(holder), "__basicsize__");
    size_t size = value && basic ? PyLong_AsSize_t(basic) : 0, found = 0;
    for (size_t at = sizeof(PyObject); at + sizeof value <= size; at += sizeof value)
        if (memcmp((const char *)holder + at, &value, sizeof value) == 0) {
            if (found) {
                found = 0;
                break;
            }
            found = at;
        }
    Py_XDECREF(value);
    Py_XDECREF(basic);
    return found;
}

int find_words(void)
{
    PyObject *names = PyDict_New(), *code = NULL, *done = NULL;
    int failed = -1;
    if (names == NULL || PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()))
        goto end;
    code = Py_CompileString(sample, "<sample>", Py_file_input);
    done = code ? PyEval_EvalCode(code, names, names) : NULL;
    if (done == NULL)
        goto end;
    for (size_t i = 0; i < WORDS; i++) {
        PyObject *holder = PyDict_GetItemString(names, i == 0 ? "cell" : "function");
        words[i].offset = holder ? find_word(holder, words[i].name) : 0;
    }
    failed = PyErr_Occurred() ? -1 : 0;
end:
    Py_XDECREF(done);
    Py_XDECREF(code);
    Py_XDECREF(names);
    return failed;
}
