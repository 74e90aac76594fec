"""Why a function stays Python: one stable code per kind of refusal, each explained on `PAGE`.

A kind is what the author has to understand and to do, not the place in the compiler that gives up:
several places share a code. Codes are never used again for something else. The hundreds:

    1  what the function is, and its syntax     6  arrays and NumPy's numbers
    2  types of arguments, variables, results   7  side effects and exceptions
    3  integers and floats                      8  names, globals, calls of other functions
    4  text and bytes                           9  other
    5  containers
"""

from __future__ import annotations

PAGE = "docs/refusals.md"

#: The title of every code.
TITLES: dict[str, str] = {}


def _rule(code: str, title: str) -> str:
    assert code not in TITLES, code
    TITLES[code] = title
    return code


COROUTINE = _rule("CZ101", "coroutine")
GENERATOR = _rule("CZ102", "generator")
WITH = _rule("CZ103", "`with` block")
STAR_PARAMETERS = _rule("CZ104", "parameters `*args` or `**kwargs`")
NOT_A_FUNCTION = _rule("CZ105", "not a plain function")
KEPT_ITERATOR = _rule("CZ106", "iterator that is kept")
INNER_STATEMENT = _rule("CZ107", "class or import inside the function")
SYNTAX = _rule("CZ108", "syntax without a compiled form")
DELETION = _rule("CZ109", "`del`")
INNER_FUNCTION = _rule("CZ110", "inner function or comprehension that shares a variable")
CALL_FORM = _rule("CZ111", "call whose arguments are matched at run time")
RECURSION = _rule("CZ112", "recursion whose types cannot be inferred")
IDENTITY = _rule("CZ113", "`is` between values other than None")
FORK = _rule("CZ114", "forked call that is kept or named otherwise")
LOOP_FORM = _rule("CZ115", "parallel loop that is left early, or of another form")
LOOP_CARRIED = _rule("CZ116", "parallel loop whose iterations depend on each other")
LOOP_SHARED = _rule("CZ117", "parallel loop that changes what its iterations share")

NO_MACHINE_TYPE = _rule("CZ201", "argument without a machine type")
TYPES_AT_SUBMISSION = _rule("CZ202", "types known at the first submission")
TWO_TYPES = _rule("CZ203", "value of two types")
RETURN_TYPES = _rule("CZ204", "results of different types")
RESULT_TYPE = _rule("CZ205", "result that cannot be converted back")
UNKNOWN_TYPE = _rule("CZ206", "type that cannot be inferred")
OPTIONAL = _rule("CZ207", "computing with a value that may be None")
BAD_HINT = _rule("CZ208", "hint that cannot be evaluated")
TOO_MANY_ARGUMENTS = _rule("CZ209", "too many arguments")

LARGE_CONSTANT = _rule("CZ301", "constant beyond 64 bits")
NOT_AN_INT = _rule("CZ302", "float in the place of an int")
LAST_DIGIT = _rule("CZ303", "function that differs in the last digit")
NUMBER_KIND = _rule("CZ304", "ints, floats and bools mixed in a container")
BOOL_ARITHMETIC = _rule("CZ305", "arithmetic with a bool")
INTEGER_TYPES = _rule("CZ306", "integer types that Python does not have")
ROUNDED_INTEGER = _rule("CZ307", "integer rounded to digits")
RANDOM_SEED = _rule("CZ308", "`random.seed`")

FORMAT = _rule("CZ401", "format that is not supported")
BYTES_OF_OBJECT = _rule("CZ402", "bytes held by an object")

MIXED_ITEMS = _rule("CZ501", "container with items of several types")
EMPTY_CONTAINER = _rule("CZ502", "empty container of unknown type")
GIVEN_CONTAINER = _rule("CZ503", "list or dict argument that is changed or returned")
SET_ORDER = _rule("CZ504", "order of a set")
TUPLE_LENGTH = _rule("CZ505", "tuple of unknown length")
FLOAT_EQUALITY = _rule("CZ506", "floats as keys, or lists of floats compared")
SLICE = _rule("CZ507", "slice that is assigned to or taken apart")
KEY_FUNCTION = _rule("CZ508", "`key` or `default` of `max`, `min` and `sort`")
LIST_IN_DICT = _rule("CZ509", "list or set as a key of a dict")

DTYPE = _rule("CZ601", "NumPy type other than float64, int64, bool and complex128")
NUMPY_OPERATION = _rule("CZ602", "operation that may differ from NumPy's")
ARRAY_WRITE = _rule("CZ603", "write to an array that changes a type or overlaps")
ARRAY_INDEX = _rule("CZ604", "array index other than ints, slices and masks")
NUMPY_NUMBERS_KEPT = _rule("CZ605", "NumPy's numbers in a container")
NUMPY_NUMBERS_PASSED = _rule("CZ606", "NumPy's numbers passed to a function")
NUMPY_OR_PYTHON = _rule("CZ607", "result that is sometimes NumPy's and sometimes Python's")
NUMPY_CHOICE = _rule("CZ608", "result that NumPy decides, beside side effects")
RECORD_FIELD = _rule("CZ609", "field of a record")
RECORD_USE = _rule("CZ610", "record that is used other than by its fields")
NUMPY_OF_LIST = _rule("CZ611", "NumPy function of a list")

PRINT = _rule("CZ701", "`print`")
TRY_WITH_EFFECTS = _rule("CZ702", "`try` beside side effects")
RAISED_ARGUMENTS = _rule("CZ703", "exception that compiled code cannot carry")

ASSIGNED_GLOBAL = _rule("CZ801", "assignment to a global")
CHANGING_GLOBAL = _rule("CZ802", "global that a function assigns")
GLOBAL_CONTAINER = _rule("CZ803", "list, dict or set of the module")
UNDEFINED_NAME = _rule("CZ804", "name that is not defined")
CLASS_OR_OBJECT = _rule("CZ805", "class or object without a machine type")
CACHED_FUNCTION = _rule("CZ806", "function with a cache")
PYTHON_FUNCTION = _rule("CZ807", "function that only Python has")
LIBRARY_FUNCTION = _rule("CZ808", "function of a module that cannot be compiled")

SWITCHED_OFF = _rule("CZ901", "compilation switched off")
METHOD = _rule("CZ902", "method or attribute that cannot be compiled")
OPERATOR = _rule("CZ903", "operator that cannot be compiled for these types")
ARGUMENTS = _rule("CZ904", "function that cannot be compiled for these arguments")
LOOP = _rule("CZ905", "loop over something that is not iterable")
PARALLEL = _rule("CZ906", "function compiled with `parallel=True`")
UNSUPPORTED = _rule("CZ907", "construct that the compiler does not support")
