"""From what Numba raised to a Reason in plain words.

One table, hence the length: the kind of refusal, a pattern of Numba's text, what it means to the
author, what to change. Patterns are tried in order, and their named groups fill the words: `kind`,
`k1` and `k2` are types, `sign` is an operator. What no pattern knows is said in general terms, with
Numba's own text as detail. Which line it is says `source_line.py`.
"""

from __future__ import annotations

import dataclasses
import re
import types as pytypes
from collections.abc import Sequence

from catzilla_jit.compile.diagnostics import rules, source_line, type_names
from catzilla_jit.compile.diagnostics.reason import STAYS, Reason


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One kind of text of Numba's."""

    code: str
    pattern: str
    message: str
    advice: str
    variable: bool = False  # it is about the variable {what}: the line is where that gets its value


RECORDS = r"\((?:unaligned |readonly )*(?:array\()?(?:readonly )?Record\("

CASES = (
    Case(
        rules.RECORD_FIELD,
        r"(?:a record has no field|Field) '(?P<what>[^']*)'(?: was not found in record|$)",
        "the record has no field '{what}'",
        STAYS,
    ),
    Case(
        rules.RECORD_FIELD,
        rf">>> [gs]etitem{RECORDS}[^\n]*, Literal\[str\]\((?P<what>[^\n]*?)\)",
        "the structured array has no field '{what}', or it is assigned a value of another type",
        STAYS,
    ),
    Case(
        rules.RECORD_FIELD,
        rf">>> [gs]etitem{RECORDS}[^\n]*, unicode_type",
        "the name of a field is computed",
        "name the field by a constant string",
    ),
    Case(
        rules.ASSIGNED_GLOBAL,
        r"STORE_GLOBAL|DELETE_GLOBAL",
        "the function assigns to a global variable",
        "return the value instead",
    ),
    Case(
        rules.INNER_STATEMENT,
        r"LOAD_BUILD_CLASS",
        "a class is defined inside the function",
        "define the class in the module",
    ),
    Case(
        rules.INNER_STATEMENT,
        r"IMPORT_NAME|IMPORT_FROM",
        "the function, or one that it calls, imports a module",
        "import it at the top of the module",
    ),
    Case(
        rules.SYNTAX,
        r"UNPACK_EX",
        "a sequence is unpacked with a star",
        "take a slice instead",
    ),
    Case(
        rules.WITH,
        r"SETUP_WITH|BEFORE_WITH|with \(context manager\)",
        "the function contains a `with` block",
        STAYS,
    ),
    Case(
        rules.SYNTAX,
        r"MATCH_CLASS|MATCH_MAPPING",
        "a `match` statement matches a class or a mapping",
        "use if and elif",
    ),
    Case(
        rules.SYNTAX,
        r"MATCH_SEQUENCE",
        "a `match` statement matches the items of a sequence",
        "use if and elif",
    ),
    Case(
        rules.DELETION,
        r"Illegal IR, del found",
        "a variable is deleted with `del`",
        "leave out the `del`",
    ),
    Case(
        rules.CALL_FORM,
        r"DICT_MERGE|CALL_FUNCTION_EX|DICT_UPDATE",
        "a function is called with *args or **kwargs",
        "name the arguments",
    ),
    Case(
        rules.SYNTAX,
        r"unsupported opcode \((?P<what>\w+)\)",
        "the bytecode instruction {what} is not supported",
        STAYS,
    ),
    Case(
        rules.INNER_FUNCTION,
        r"Unsupported use of cell variable|non-constant value associated with variable",
        "an inner function or comprehension is returned, calls itself, or uses a "
        "variable that changes",
        "make it a function of the module, or a loop",
    ),
    Case(
        rules.FORMAT,
        r"format spec in f-strings|FORMAT_VALUE|FORMAT_WITH_SPEC",
        "an f-string has a format that is not supported",
        "use s, c, d, b, o, x, f, e, g or % with a constant width, or format outside the task",
    ),
    Case(
        rules.FORMAT,
        r"Attribute of type .*unicode_type|Unknown attribute '(?P<what>format)' of type",
        "str.{what} has a format that is not supported",
        "use an f-string, or format outside the task",
    ),
    Case(
        rules.FORMAT,
        r"mod\((Literal\[str\]|unicode_type)",
        "a % format has a conversion that is not supported",
        "use an f-string, or format outside the task",
    ),
    Case(
        rules.CACHED_FUNCTION,
        r"Untyped global name '(?P<what>\w+)'.*_lru_cache_wrapper",
        "the function calls {what}, which keeps a cache",
        "call the undecorated function: lru_cache cannot be compiled",
    ),
    Case(
        rules.PYTHON_FUNCTION,
        r"Untyped global name '(?P<what>open|input|eval|exec|compile|__import__)'",
        "the function calls {what}, which only Python can run",
        STAYS,
    ),
    Case(
        rules.GLOBAL_CONTAINER,
        r"Untyped global name '(?P<what>\w+)': Cannot determine Numba type of <class 'dict'>",
        "the function reads {what}, a dict of the module",
        "use if and elif, or a tuple and an index",
    ),
    Case(
        rules.GLOBAL_CONTAINER,
        r"Untyped global name '(?P<what>\w+)': Cannot type empty (?P<kind>\w+)|"
        r"name '(?P<w2>\w+)': Cannot determine Numba type of <class '(?P<k2>set)'>",
        "the function reads {what}, a set of the module",
        "use a tuple, or if and elif",
    ),
    Case(
        rules.PYTHON_FUNCTION,
        r"Untyped global name 'frozenset'",
        "frozenset cannot be compiled",
        "use a set",
    ),
    Case(
        rules.KEPT_ITERATOR,
        r"Untyped global name 'reversed'",
        "the iterator that reversed() returns is kept",
        "loop over it at once, or take the slice [::-1]",
    ),
    Case(
        rules.CLASS_OR_OBJECT,
        r"Untyped global name '(?P<what>\w+)': Cannot determine Numba type of <class 'type'>",
        "the function uses the class {what}",
        "use numbers, strings, bytes, tuples, arrays",
    ),
    Case(
        rules.PYTHON_FUNCTION,
        r"Untyped global name '(?P<what>\w+)': Cannot determine Numba type of <class 'builtin",
        "the function calls {what}, which cannot be compiled",
        STAYS,
    ),
    Case(
        rules.CLASS_OR_OBJECT,
        r"Untyped global name '(?P<what>\w+)': "
        r"Cannot determine Numba type of <class '(?P<kind>[\w.]+)'",
        "the function uses {what}, a {kind}, which has no machine type",
        "use numbers, strings, bytes, tuples, arrays",
    ),
    Case(
        rules.GLOBAL_CONTAINER,
        r"reflected list.*assigned to variable '(?P<what>\w+)' in globals|'(?P<w2>\w+)' in globals",
        "the function reads {what}, a list of the module",
        "make it a tuple",
    ),
    Case(
        rules.GLOBAL_CONTAINER,
        r"lowering [^\n]*freevar\((?P<what>\w+): \[",
        "the function reads {what}, a list of the function around it",
        "make it a tuple",
    ),
    Case(
        rules.UNDEFINED_NAME,
        r"NameError: name '(?P<what>\w+)' is not defined",
        "the name {what} is not defined",
        "define it, or import it",
    ),
    Case(
        rules.GIVEN_CONTAINER,
        r"Unknown attribute '(?P<what>append|extend|insert|pop|popitem|remove|sort|reverse|clear"
        r"|update|setdefault)(_in_order)?' of type (OptionalType\()?(?P<kind>list|dict)\[",
        "the function changes a {kind} that it was given, by .{what}",
        "change a `.copy()` of it; otherwise it runs as a Python task",
    ),
    Case(
        rules.GIVEN_CONTAINER,
        r"function (setitem|delitem|iadd|imul|ior)>\) found for signature:"
        r"\s*>>> \w+\((?P<kind>list|dict)\[",
        "the function changes a {kind} that it was given",
        "change a `.copy()` of it; otherwise it runs as a Python task",
    ),
    Case(
        rules.LIBRARY_FUNCTION,
        r"Unknown attribute '(?P<what>\w+)' of type Module\(<module '(?P<kind>[\w.]+)'",
        "the function uses {kind}.{what}, which cannot be compiled",
        STAYS,
    ),
    Case(
        rules.LIBRARY_FUNCTION,
        r"unsupported NumPy function '(?P<what>[\w.]+)'",
        "the function uses {what}, which cannot be compiled",
        STAYS,
    ),
    Case(
        rules.NUMPY_OF_LIST,
        r"Unknown attribute '(?P<what>sum|mean|std|var|min|max|prod|argmin|argmax|cumsum)' "
        r"of type (?P<kind>list.*?)\s*$",
        "numpy.{what} of a {kind} cannot be compiled",
        "make an array of it first: numpy.array(...)",
    ),
    Case(
        rules.METHOD,
        r"Unknown attribute '(?P<what>\w+)' of type (?P<kind>.+?)\s*$",
        "the function uses .{what} of a value of type {kind}, which cannot be compiled",
        STAYS,
    ),
    Case(
        rules.LIST_IN_DICT,
        r"TypingError: (?P<kind>[^\n]+) as (?P<what>key|value) is forbidden",
        "a dict has a {kind} as a {what}",
        "use a tuple; otherwise it runs as a Python task",
    ),
    Case(
        rules.EMPTY_CONTAINER,
        r"Cannot infer the type of variable '\$[^\n]*DictType\[undefined,undefined\]",
        "cannot infer the key and value types of an empty dict",
        "add a first item; if it is always empty, the function stays Python",
    ),
    Case(
        rules.EMPTY_CONTAINER,
        r"DictType\[undefined,undefined\]",
        "an empty dict is read before its key and value types are known",
        "test `if key in d` first, or begin with an item",
    ),
    Case(
        rules.EMPTY_CONTAINER,
        r"Undecided type",
        "cannot infer the type of a value, such as an empty list inside a list or dict",
        "fill the inner list or dict before adding it",
    ),
    Case(
        rules.MIXED_ITEMS,
        r"Poison type[^\n]*LiteralStrKey",
        "a dict has values of several types",
        "use a tuple; only a dict literal that is returned may mix them",
    ),
    Case(
        rules.MIXED_ITEMS,
        r"Poison type",
        "a list has items of several types",
        "use a tuple, or one type",
    ),
    Case(
        rules.MIXED_ITEMS,
        r"cannot be determined, operation: build_(?P<what>set|list)",
        "a {what} has items of several types",
        "make them one type",
    ),
    Case(
        rules.EMPTY_CONTAINER,
        r"Cannot infer the type of variable '\$.*?(?P<kind>list|set|dict)\(undefined",
        "cannot infer the element type of the empty {kind}",
        "add a first item; if it is always empty, the function stays Python",
    ),
    Case(
        rules.EMPTY_CONTAINER,
        r"Cannot infer the type of variable '(?P<what>[\w.]+)'.*?"
        r"(?P<kind>list|set|dict)\(undefined",
        "cannot infer the element type of the empty {kind} {what}",
        "add a first item, or return early",
    ),
    Case(
        rules.TWO_TYPES,
        r"Cannot unify (?P<kind>.+?) and (?P<k2>.+?) for '(closure_|phi|\w*listcomp)",
        "a value is {kind} on one path and {k2} on another",
        "make it one type",
    ),
    Case(
        rules.TWO_TYPES,
        r"Cannot unify (?P<kind>.+?) and (?P<k2>.+?) for '(?P<what>\w+)",
        "the variable {what} is {kind} on one path and {k2} on another",
        "use two variables, or one type",
        variable=True,
    ),
    Case(
        rules.TWO_TYPES,
        r"Cannot unify (?P<kind>.+?) and (?P<k2>.+?) for '\$",
        "a value is {kind} on one path and {k2} on another",
        "make it one type",
    ),
    Case(
        rules.RETURN_TYPES,
        r"Can't unify return type from the following types: (?P<kind>.+?)\s*$",
        "the function returns values of different types: {kind}",
        "return one type",
    ),
    Case(
        rules.RESULT_TYPE,
        r"Can't return function object \((?P<kind>.*?)\) in nopython",
        "the function returns {kind}, a function or a class",
        "return numbers, strings, bytes, arrays, or tuples and lists of them",
    ),
    Case(
        rules.PRINT,
        r"print\(\) function implementation does not support keyword",
        "print is called with keyword arguments",
        "print the values without keyword arguments; otherwise it runs as a Python task",
    ),
    Case(
        rules.CALL_FORM,
        r"expected a type instance, got \{",
        "the function calls one that takes **kwargs",
        "name its parameters",
    ),
    Case(
        rules.SYNTAX,
        r"exception_match",
        "an exception is caught by its class",
        "catch Exception",
    ),
    Case(
        rules.NUMPY_OPERATION,
        r"numpys_(?P<what>\w+) is not known for (?P<kind>.+?)\s*$",
        "compiled numpy.{what} of {kind} may differ from NumPy's",
        "compile_to_c=True accepts Numba's arithmetic, which may differ from NumPy's; otherwise it "
        "runs as a Python task",
    ),
    Case(
        rules.ARGUMENTS,
        r"(?P<what>\w+)_of is not known for (?P<kind>.+?)\s*$",
        "{what} of a value of type {kind} cannot be compiled",
        STAYS,
    ),
    Case(
        rules.ARGUMENTS,
        r"\w+ is not known for (?P<kind>[^\n]+?)\s*$",
        "a function cannot be compiled for arguments of types {kind}",
        STAYS,
    ),
    Case(
        rules.KEY_FUNCTION,
        r"found for signature:\s*>>> (?P<what>max|min)\([^\n]*\bdefault=",
        "{what} with a default cannot be compiled",
        "check first whether there is an item",
    ),
    Case(
        rules.KEY_FUNCTION,
        r"found for signature:\s*>>> (?P<what>max|min)\([^\n]*\bkey=",
        "{what} with a key cannot be compiled",
        "take the first item of `sorted(..., key=...)`",
    ),
    Case(
        rules.SET_ORDER,
        r"TypingError: a set is sorted by a key",
        "a set is sorted by a key, and the order of equal ones is Python's own",
        "use `sorted(sorted(...), key=...)`",
    ),
    Case(
        rules.KEY_FUNCTION,
        r"Key must be None or a Numba JIT compiled function",
        "the sort key is not a function written in Python",
        "wrap it: `key=lambda x: abs(x)`",
    ),
    Case(
        rules.CALL_FORM,
        r"\*args in function call should be a tuple, got (?P<kind>[^\n]+)",
        "a function is called with the items of a {kind} as arguments",
        "pass a tuple, or the items by name",
    ),
    Case(
        rules.CALL_FORM,
        r"Cannot bind '[^\n]*' to signature '[^'\n]*\*, ",
        "the function calls one that has parameters after `*`",
        "leave the `*` out of its parameters",
    ),
    Case(
        rules.CALL_FORM,
        r"Unsupported use of `dict\(\)`",
        "dict is called with keyword arguments",
        'write {{"name": value}}',
    ),
    Case(
        rules.TUPLE_LENGTH,
        r"Function\(<class 'tuple'>\) found for signature:\s*>>> tuple\((?P<kind>.*?)\)\s*$",
        "a tuple is made of a {kind}, whose length is not known",
        "keep the list",
    ),
    Case(
        rules.TUPLE_LENGTH,
        r"function i?add>\) found for signature:\s*>>> \w+\((?:Uni)?Tuple\(.*?,.*?Tuple\(",
        "a tuple grows, and each length is another type",
        "use a list",
    ),
    Case(
        rules.MIXED_ITEMS,
        r"function setitem>\) found for signature:\s*>>> setitem\("
        r"(?P<kind>DictType\[[^ ]*\]|list\([^ ]*\))(?:<iv=[^>]*>)?, (?P<k1>.*?), (?P<k2>.*?)\)\s*$",
        "a {kind} is assigned a value of type {k2} under a key or index of type {k1}",
        "use one type for keys and one for values; a dict literal that is returned may mix them",
    ),
    Case(
        rules.OPERATOR,
        r"No implementation of function Function\(<built-in function (?P<sign>"
        + "|".join(type_names.SIGNS)
        + r")>\) found for signature:\s*>>> \w+\((?P<kind>.*?)\)\s*$",
        "`{sign}` cannot be compiled for {kind}",
        "convert one of them, or write the operation out",
    ),
    Case(
        rules.METHOD,
        r"resolving callee type: BoundFunction\(\(<class '[\w.]+'>, '(?P<what>\w+)'\) "
        r"for (?P<kind>[^\n]+)\)$",
        ".{what} of {kind} cannot be compiled for these arguments",
        STAYS,
    ),
    Case(
        rules.MIXED_ITEMS,
        r"Invalid use of BoundFunction\(\w+\.(?P<what>\w+) for "
        r"(?P<kind>(?:reflected )?(?:list|set|DictType)\b[^\n]+?)\) "
        r"with parameters \((?P<k2>[^\n]*)\)\s*$",
        ".{what} of {kind} cannot be compiled for {k2}",
        "use one type for all items, or tuples",
    ),
    Case(
        rules.METHOD,
        r"Invalid use of BoundFunction\(\w+\.(?P<what>\w+) for (?P<kind>[^\n]+?)\) "
        r"with parameters \((?P<k2>[^\n]*)\)\s*$",
        ".{what} of {kind} cannot be compiled for {k2}",
        "convert the arguments, or write the operation out",
    ),
    Case(
        rules.RAISED_ARGUMENTS,
        r"a value of type (?P<kind>.+?) cannot be an argument of raise",
        "an exception has an argument of type {kind}",
        "pass numbers, strings or lists of them",
    ),
    Case(
        rules.LOOP,
        r"Invalid use of getiter with parameters \((?P<kind>[^\n]*)\)",
        "the function loops over a value of type {kind}",
        "loop over a range, a list, a dict, a string or an array",
    ),
    Case(
        rules.LARGE_CONSTANT,
        r"Int value is too large",
        "the function has a constant beyond 64 bits",
        STAYS,
    ),
    Case(
        rules.ARGUMENTS,
        r"No implementation of function "
        r"Function\(<(?:built-in function|class) '?(?P<what>\w+)'?>\) found "
        r"for signature:\s*>>> \w+\((?P<kind>.*?)\)\s*$",
        "{what} cannot be compiled for arguments of types {kind}",
        "convert the arguments, or write the operation out",
    ),
    Case(
        rules.DELETION,
        r"No implementation of function Function\(<(?:function|intrinsic) (?P<what>delitem)",
        "an item is deleted in a way that cannot be compiled",
        STAYS,
    ),
    Case(
        rules.METHOD,
        r"No implementation of function Function\(<(?:function|intrinsic) impl_(?P<what>\w+)",
        ".{what} cannot be compiled for these arguments",
        STAYS,
    ),
    Case(
        rules.ARGUMENTS,
        r"No implementation of function Function\(<(?:function|intrinsic) (?P<what>[\w.]+)",
        "{what} cannot be compiled for these arguments",
        STAYS,
    ),
    Case(
        rules.ARGUMENTS,
        r"Invalid use of (?P<kind>.+?) with parameters",
        "{kind} cannot be compiled for these arguments",
        STAYS,
    ),
    Case(
        rules.DTYPE,
        r"Unsupported array dtype|unsupported dtype",
        "an array has elements without a machine type",
        "use numbers",
    ),
    Case(
        rules.LIBRARY_FUNCTION,
        r"scipy",
        "numpy.linalg cannot be compiled without scipy",
        "install scipy",
    ),
    Case(
        rules.UNKNOWN_TYPE,
        r"Type of variable '(?P<what>[^']+)' cannot be determined",
        "cannot infer the type of a value, such as one that only an earlier iteration sets",
        "give the name its first value before the loop",
    ),
    Case(
        rules.UNKNOWN_TYPE,
        r"Variable '(?P<what>\w+)' is not defined",
        "the variable {what} has no value where it is first read",
        "give it its first value before the loop",
    ),
    Case(
        rules.RECURSION,
        r"compiler re-entrant|type inference.*recursi|cannot type infer runaway recursion",
        "cannot infer the types of a recursion",
        "return early before the recursive call",
    ),
    Case(
        rules.PARALLEL,
        r"parallel=True",
        "the function calls one that is compiled with parallel=True",
        "compile it without parallel",
    ),
)


def reason_of(error: Exception, functions: Sequence[pytypes.FunctionType]) -> Reason:
    """Return the reason that an exception out of the compiler stands for.

    functions: the task, then the helpers that it calls.
    """
    text = str(error).strip()
    place = source_line.place_of(error, functions)
    for case in CASES:
        match = re.search(case.pattern, text, re.MULTILINE | re.DOTALL)
        if match is not None:
            return _reason(place, case, match, text)
    called = source_line.callee_of(error)
    code, message = rules.UNSUPPORTED, "the compiler does not support this construct"
    if called:
        code, message = rules.ARGUMENTS, f"{called} cannot be compiled for these arguments"
    return Reason(code, place.line, message, STAYS, text or repr(error), place.file)


def _reason(place: source_line.Place, case: Case, match: re.Match[str], text: str) -> Reason:
    groups = match.groupdict()
    for name, other in (("what", "w2"), ("kind", "k2")):  # of the pattern's other branch
        groups[name] = groups.get(name) or groups.get(other)
    said = {name: _said(name, value or "it") for name, value in groups.items()}
    line = place.line
    if case.variable:
        line = source_line.line_of_store(place.code, groups["what"].partition(".")[0], line)
    message, advice = case.message.format(**said), case.advice.format(**said)
    # Types that Python does not tell apart.
    if case.code == rules.TWO_TYPES and said["kind"] == said["k2"]:
        message = f"{message.partition(' is ')[0]} is of two types, each shown as {said['kind']}"
    return Reason(case.code, line, message, advice, text, place.file)


#: What precedes the name of something that is imported inside the function (`local_imports.py`).
IMPORTED = "__cz_import_"
#: Methods of ours that stand for others in compiled code.
OURS = {"sort_in_order": "sort"}


def _said(group: str, value: str) -> str:
    value = OURS.get(value, value.removeprefix(IMPORTED))
    if group == "sign":
        return type_names.SIGNS.get(value, value)
    return type_names.plain(value) if group.startswith("k") else value
