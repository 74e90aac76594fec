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
 */
#include "binding.h"

#include <string.h>

struct guard {
    PyObject *holder; /* a dictionary; or a cell or a function, whose attribute is meant */
    PyObject *key;
    PyObject *value; /* NULL: a dictionary does not have the key, a word holds no object */
    size_t word;     /* the offset of the attribute in its holder; 0: not known, or no attribute */
    int attribute;
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

static int holds(const struct guard *guard)
{
    PyObject *now;
    int same;
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
 * not have, and (cell or function, attribute, value). */
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
        guard->attribute = !PyDict_Check(holder);
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
