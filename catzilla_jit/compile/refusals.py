"""From what Numba raised to a Reason in plain words.

One table: a pattern of Numba's text, what it means to the author, what to change. Patterns are
tried in order, and their named groups fill the words: `kind`, `k1` and `k2` are types, `sign` is an
operator. What no pattern knows is said in general terms, with Numba's own text as detail. Which
line it is says `places.py`.
"""

from __future__ import annotations

import dataclasses
import re
import types as pytypes
from collections.abc import Sequence

from catzilla_jit.compile import places, words
from catzilla_jit.compile.reason import Reason


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One kind of refusal."""

    pattern: str
    message: str
    advice: str
    variable: bool = False  # it is about the variable {what}: the line is where that gets its value


STAYS = "nothing to change: it runs as a Python task"

RECORDS = r"\((?:unaligned |readonly )*(?:array\()?(?:readonly )?Record\("

RULES = (
    Rule(
        r"(?:a record has no field|Field) '(?P<what>[^']*)'(?: was not found in record|$)",
        "it uses '{what}' of a record, which is none of its fields",
        STAYS,
    ),
    Rule(
        rf">>> [gs]etitem{RECORDS}[^\n]*, Literal\[str\]\((?P<what>[^\n]*?)\)",
        "the field '{what}' of a structured array is not there, or is written from another type",
        STAYS,
    ),
    Rule(
        rf">>> [gs]etitem{RECORDS}[^\n]*, unicode_type",
        "it takes a field whose name it computes",
        "name the field by a constant text",
    ),
    Rule(
        r"STORE_GLOBAL|DELETE_GLOBAL", "it assigns to a global variable", "return the value instead"
    ),
    Rule(r"LOAD_BUILD_CLASS", "it defines a class inside", "define the class in the module"),
    Rule(
        r"IMPORT_NAME|IMPORT_FROM",
        "it, or a helper, imports a module when it runs",
        "import at the top",
    ),
    Rule(r"UNPACK_EX", "it unpacks with a star", "take a slice instead"),
    Rule(r"SETUP_WITH|BEFORE_WITH|with \(context manager\)", "it has a `with` block", STAYS),
    Rule(r"MATCH_CLASS|MATCH_MAPPING", "it matches a class or a mapping", "use if and elif"),
    Rule(r"MATCH_SEQUENCE", "it matches the items of a sequence", "use if and elif"),
    Rule(r"Illegal IR, del found", "it deletes a variable with `del`", "leave the `del` out"),
    Rule(
        r"DICT_MERGE|CALL_FUNCTION_EX|DICT_UPDATE",
        "it calls with *args or **kwargs",
        "name the arguments",
    ),
    Rule(
        r"unsupported opcode \((?P<what>\w+)\)",
        "it uses the instruction {what}, which has no machine code",
        STAYS,
    ),
    Rule(
        r"Unsupported use of cell variable|non-constant value associated with variable",
        "an inner function or comprehension uses a variable that changes, is returned, or calls "
        "itself",
        "make it a function of the module, or a loop",
    ),
    Rule(
        r"format spec in f-strings|FORMAT_VALUE|FORMAT_WITH_SPEC",
        "it has an f-string with a format that is not known here",
        "known are s, c, d, b, o, x, f and % with a constant width, or format outside the task",
    ),
    Rule(
        r"Attribute of type .*unicode_type|Unknown attribute '(?P<what>format)' of type",
        "it calls str.{what}, with a format that is not known here",
        "use an f-string, or format outside the task",
    ),
    Rule(
        r"mod\((Literal\[str\]|unicode_type)",
        "it formats with %, with a conversion that is not known here",
        "use an f-string, or format outside the task",
    ),
    Rule(
        r"Untyped global name '(?P<what>\w+)'.*_lru_cache_wrapper",
        "it calls {what}, which keeps a cache",
        "call the plain function; a cache is Python",
    ),
    Rule(
        r"Untyped global name '(?P<what>open|input|eval|exec|compile|__import__)'",
        "it calls {what}, which is Python",
        STAYS,
    ),
    Rule(
        r"Untyped global name '(?P<what>\w+)': Cannot determine Numba type of <class 'dict'>",
        "it reads the dict {what} of its module",
        "use if and elif, or a tuple and an index",
    ),
    Rule(
        r"Untyped global name '(?P<what>\w+)': Cannot type empty (?P<kind>\w+)|"
        r"name '(?P<w2>\w+)': Cannot determine Numba type of <class '(?P<k2>set)'>",
        "it reads the set {what} of its module",
        "use a tuple, or if and elif",
    ),
    Rule(
        r"Untyped global name 'frozenset'",
        "frozenset has no machine code",
        "use a set",
    ),
    Rule(
        r"Untyped global name 'reversed'",
        "it keeps what reversed() gives, an iterator",
        "go over it at once, or take a slice [::-1]",
    ),
    Rule(
        r"Untyped global name '(?P<what>\w+)': Cannot determine Numba type of <class 'type'>",
        "it uses the class {what}",
        "use numbers, strings, bytes, tuples, arrays",
    ),
    Rule(
        r"Untyped global name '(?P<what>\w+)': Cannot determine Numba type of <class 'builtin",
        "it calls {what}, which has no machine code here",
        STAYS,
    ),
    Rule(
        r"Untyped global name '(?P<what>\w+)': "
        r"Cannot determine Numba type of <class '(?P<kind>[\w.]+)'",
        "it uses {what}, a {kind}, which has no machine type",
        "use numbers, strings, bytes, tuples, arrays",
    ),
    Rule(
        r"reflected list.*assigned to variable '(?P<what>\w+)' in globals|'(?P<w2>\w+)' in globals",
        "it reads the list {what} of its module",
        "make it a tuple",
    ),
    Rule(
        r"NameError: name '(?P<what>\w+)' is not defined",
        "the name {what} is not defined",
        "define it",
    ),
    Rule(
        r"Unknown attribute '(?P<what>append|extend|insert|pop|popitem|remove|sort|reverse|clear"
        r"|update|setdefault)' of type (OptionalType\()?(?P<kind>list|dict)\[",
        "it changes a {kind} that it was given, by .{what}",
        "change a `.copy()` of it; as it is, it runs as a Python task",
    ),
    Rule(
        r"function (setitem|delitem|iadd|imul|ior)>\) found for signature:"
        r"\s*>>> \w+\((?P<kind>list|dict)\[",
        "it changes a {kind} that it was given",
        "change a `.copy()` of it; as it is, it runs as a Python task",
    ),
    Rule(
        r"Unknown attribute '(?P<what>\w+)' of type Module\(<module '(?P<kind>[\w.]+)'",
        "it uses {kind}.{what}, which has no machine code here",
        STAYS,
    ),
    Rule(
        r"unsupported NumPy function '(?P<what>[\w.]+)'",
        "it uses {what}, which has no machine code here",
        STAYS,
    ),
    Rule(
        r"Unknown attribute '(?P<what>sum|mean|std|var|min|max|prod|argmin|argmax|cumsum)' "
        r"of type (?P<kind>list.*?)\s*$",
        "numpy.{what} of a {kind} has no machine code",
        "make an array of it first: numpy.array(...)",
    ),
    Rule(
        r"Unknown attribute '(?P<what>\w+)' of type (?P<kind>.+?)\s*$",
        "it uses .{what} of a value of type {kind}, which has no machine code here",
        STAYS,
    ),
    Rule(
        r"Cannot infer the type of variable '\$[^\n]*DictType\[undefined,undefined\]",
        "the types of the keys and values of an empty dict cannot be told",
        "put in a first item; if it is always empty, it stays a Python task",
    ),
    Rule(
        r"DictType\[undefined,undefined\]",
        "an empty dict is read before anything tells what it holds",
        "ask `if key in d` first, or begin with an item",
    ),
    Rule(
        r"Undecided type",
        "the type of what is used here cannot be told, as of an empty list that was put in a "
        "list or dict",
        "fill the inner list before it is put in",
    ),
    Rule(
        r"Poison type[^\n]*LiteralStrKey",
        "a dict has values of several types",
        "use a tuple; only a dict literal that is returned may mix them",
    ),
    Rule(r"Poison type", "a list has items of several types", "use a tuple, or one type"),
    Rule(
        r"cannot be determined, operation: build_(?P<what>set|list)",
        "a {what} has items of several types",
        "make them one type",
    ),
    Rule(
        r"Cannot infer the type of variable '\$.*?(?P<kind>list|set|dict)\(undefined",
        "nothing tells what the empty {kind} holds",
        "put in a first item; if it is always empty, it stays a Python task",
    ),
    Rule(
        r"Cannot infer the type of variable '(?P<what>[\w.]+)'.*?"
        r"(?P<kind>list|set|dict)\(undefined",
        "nothing tells what the empty {kind} {what} holds",
        "put in a first item, or return early",
    ),
    Rule(
        r"Cannot unify (?P<kind>.+?) and (?P<k2>.+?) for '(closure_|phi|\w*listcomp)",
        "one value is now {kind}, now {k2}",
        "make it one type",
    ),
    Rule(
        r"Cannot unify (?P<kind>.+?) and (?P<k2>.+?) for '(?P<what>\w+)",
        "the variable {what} holds now {kind}, now {k2}",
        "use two variables, or one type",
        variable=True,
    ),
    Rule(
        r"Cannot unify (?P<kind>.+?) and (?P<k2>.+?) for '\$",
        "one value is now {kind}, now {k2}",
        "make it one type",
    ),
    Rule(
        r"Can't unify return type from the following types: (?P<kind>.+?)\s*$",
        "it returns values of different types: {kind}",
        "return one type",
    ),
    Rule(
        r"Can't return function object \((?P<kind>.*?)\) in nopython",
        "it returns {kind}, a function or a class",
        "return numbers, strings, bytes, arrays, or tuples and lists of them",
    ),
    Rule(
        r"print\(\) function implementation does not support keyword",
        "it calls print with names",
        "print the values alone; as it is, it runs as a Python task",
    ),
    Rule(
        r"expected a type instance, got \{",
        "it calls a function that takes **kwargs",
        "name its parameters",
    ),
    Rule(r"exception_match", "it catches an exception by its class", "catch Exception"),
    Rule(
        r"(?P<what>\w+)_of is not known for (?P<kind>.+?)\s*$",
        "{what} of a value of type {kind} has no machine code here",
        STAYS,
    ),
    Rule(
        r"found for signature:\s*>>> (?P<what>max|min)\([^\n]*\bdefault=",
        "{what} with a default has no machine code",
        "ask before whether there is an item",
    ),
    Rule(
        r"found for signature:\s*>>> (?P<what>max|min)\([^\n]*\bkey=",
        "{what} with a key has no machine code",
        "take the first item of `sorted(..., key=...)`",
    ),
    Rule(
        r"Key must be None or a Numba JIT compiled function",
        "it sorts by a key that is no function written in Python",
        "wrap it: `key=lambda x: abs(x)`",
    ),
    Rule(
        r"\*args in function call should be a tuple, got (?P<kind>[^\n]+)",
        "it calls with the items of a {kind} as arguments",
        "pass a tuple, or the items by name",
    ),
    Rule(
        r"Cannot bind '[^\n]*' to signature '[^'\n]*\*, ",
        "it calls a function that has parameters after `*`",
        "leave the `*` out of its parameters",
    ),
    Rule(r"Unsupported use of `dict\(\)`", "it calls dict with names", 'write {{"name": value}}'),
    Rule(
        r"Function\(<class 'tuple'>\) found for signature:\s*>>> tuple\((?P<kind>.*?)\)\s*$",
        "a tuple is made of a {kind}, whose length is not known",
        "keep the list",
    ),
    Rule(
        r"function i?add>\) found for signature:\s*>>> \w+\((?:Uni)?Tuple\(.*?,.*?Tuple\(",
        "a tuple grows, and each length is another type",
        "use a list",
    ),
    Rule(
        r"function setitem>\) found for signature:\s*>>> setitem\("
        r"(?P<kind>DictType\[[^ ]*\]|list\([^ ]*\))(?:<iv=[^>]*>)?, (?P<k1>.*?), (?P<k2>.*?)\)\s*$",
        "a {kind} is given the key or index {k1} and the value {k2}",
        "one type of keys, one of values; only a dict literal that is returned may mix them",
    ),
    Rule(
        r"No implementation of function Function\(<built-in function (?P<sign>"
        + "|".join(words.SIGNS)
        + r")>\) found for signature:\s*>>> \w+\((?P<kind>.*?)\)\s*$",
        "`{sign}` has no machine code for {kind}",
        "convert one of them, or write it out",
    ),
    Rule(
        r"resolving callee type: BoundFunction\(\(<class '[\w.]+'>, '(?P<what>\w+)'\) "
        r"for (?P<kind>[^\n]+)\)$",
        ".{what} of {kind} has no machine code for these arguments",
        STAYS,
    ),
    Rule(
        r"Invalid use of BoundFunction\(\w+\.(?P<what>\w+) for (?P<kind>[^\n]+?)\) "
        r"with parameters \((?P<k2>[^\n]*)\)\s*$",
        ".{what} of {kind} has no machine code for {k2}",
        "one type for all items; use tuples to mix",
    ),
    Rule(
        r"Invalid use of getiter with parameters \((?P<kind>[^\n]*)\)",
        "it loops over a value of type {kind}",
        "loop over a range, a list, a dict, a text or an array",
    ),
    Rule(
        r"Int value is too large",
        "it has a constant beyond 64 bits",
        STAYS,
    ),
    Rule(
        r"No implementation of function "
        r"Function\(<(?:built-in function|class) '?(?P<what>\w+)'?>\) found "
        r"for signature:\s*>>> \w+\((?P<kind>.*?)\)\s*$",
        "{what} has no machine code for arguments of types {kind}",
        "convert the arguments, or write it out",
    ),
    Rule(
        r"No implementation of function Function\(<(?:function|intrinsic) (?P<what>delitem)",
        "it deletes an item in a way that has no machine code",
        STAYS,
    ),
    Rule(
        r"No implementation of function Function\(<(?:function|intrinsic) impl_(?P<what>\w+)",
        ".{what} has no machine code for these arguments",
        STAYS,
    ),
    Rule(
        r"No implementation of function Function\(<(?:function|intrinsic) (?P<what>[\w.]+)",
        "{what} has no machine code for these arguments",
        STAYS,
    ),
    Rule(
        r"Invalid use of (?P<kind>.+?) with parameters",
        "{kind} has no machine code for these arguments",
        STAYS,
    ),
    Rule(
        r"Unsupported array dtype|unsupported dtype",
        "an array has elements without a machine type",
        "use numbers",
    ),
    Rule(r"scipy", "it needs scipy's linear algebra", "install scipy"),
    Rule(
        r"Type of variable '(?P<what>[^']+)' cannot be determined",
        "the type of a value cannot be told, as of one that only an earlier round of the loop "
        "has set",
        "give the name its first value before the loop",
    ),
    Rule(
        r"compiler re-entrant|type inference.*recursi|cannot type infer runaway recursion",
        "the types of a recursion cannot be told",
        "return early before the recursive call",
    ),
    Rule(
        r"parallel=True",
        "it calls a function compiled with parallel=True",
        "compile that without parallel",
    ),
)


def reason_of(error: Exception, functions: Sequence[pytypes.FunctionType]) -> Reason:
    """Return the reason that an exception out of the compiler stands for.

    functions: the task, then the helpers that it calls.
    """
    text = str(error).strip()
    place = places.place_of(error, functions)
    for rule in RULES:
        match = re.search(rule.pattern, text, re.MULTILINE | re.DOTALL)
        if match is not None:
            return _reason(place, rule, match, text)
    called = places.callee_of(error)
    message = "the compiler does not know this construct"
    if called:
        message = f"{called} has no machine code for these arguments"
    return Reason(place.line, message, STAYS, text or repr(error), place.file)


def _reason(place: places.Place, rule: Rule, match: re.Match[str], text: str) -> Reason:
    groups = match.groupdict()
    said = {name: _said(name, value or "it") for name, value in groups.items()}
    line = place.line
    if rule.variable:
        line = places.line_of_store(place.code, groups["what"].partition(".")[0], line)
    message, advice = rule.message.format(**said), rule.advice.format(**said)
    if said.get("kind") and said.get("kind") == said.get("k2"):  # types that Python has not
        message = message.replace(f"now {said['kind']}, now", "now one, now another")
    return Reason(line, message, advice, text, place.file)


def _said(group: str, value: str) -> str:
    if group == "sign":
        return words.SIGNS.get(value, value)
    return words.plain(value) if group.startswith("k") else value
