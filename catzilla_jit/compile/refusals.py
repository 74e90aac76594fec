"""From what Numba raised to a Reason in plain words.

One table: a pattern of Numba's text, what it means to the author, what to change. Patterns are
tried in order, and their named groups fill the words. What no pattern knows is said in general
terms, with Numba's own text as detail.
"""

from __future__ import annotations

import dataclasses
import os
import re
import types as pytypes

from catzilla_jit.compile import words
from catzilla_jit.compile.reason import Reason


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One kind of refusal."""

    pattern: str
    message: str
    advice: str


STAYS = "nothing to change: it runs as a Python task"

RULES = (
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
        "an inner function uses a variable that changes, or calls itself",
        "make it a function of the module",
    ),
    Rule(
        r"format spec in f-strings|FORMAT_VALUE|FORMAT_WITH_SPEC",
        "it has an f-string with a format that is not known here",
        "format outside the task",
    ),
    Rule(
        r"Attribute of type .*unicode_type|Unknown attribute '(?P<what>format)' of type",
        "it calls str.{what}",
        "use an f-string",
    ),
    Rule(r"mod\((Literal\[str\]|unicode_type)", "it formats with %", "use an f-string"),
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
        r"Untyped global name '(?P<what>\w+)': Cannot determine Numba type of <class 'type'>",
        "it uses the class {what}",
        "use numbers, strings, tuples, arrays",
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
        "use numbers, strings, tuples, arrays",
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
        r"Unknown attribute '(?P<what>\w+)' of type (?P<kind>.+?)\s*$",
        "it uses .{what} of a value of type {kind}, which has no machine code here",
        STAYS,
    ),
    Rule(
        r"DictType\[undefined,undefined\]",
        "an empty dict is read before anything tells what it holds",
        "ask `if key in d` first, or begin with an item",
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
        r"Invalid use of (?P<what>.+?) with parameters",
        "{what} has no machine code for these arguments",
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
        "the type of a value cannot be told, as with a name that `:=` gives inside of an `if`, "
        "or with a value that only an earlier round of the loop has set",
        "give the name its value in a line of its own, before",
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


def reason_of(error: Exception, function: pytypes.FunctionType) -> Reason:
    """Return the reason that an exception out of the compiler stands for."""
    text = str(error).strip()
    line = _line(error, text, function)
    for rule in RULES:
        match = re.search(rule.pattern, text, re.MULTILINE | re.DOTALL)
        if match is not None:
            said = {name: words.plain(value or "it") for name, value in match.groupdict().items()}
            return Reason(line, rule.message.format(**said), rule.advice, detail=text)
    return Reason(line, "the compiler does not know this construct", STAYS, detail=text)


def _line(error: Exception, text: str, function: pytypes.FunctionType) -> int:
    """Return the line of the function's file that an error points to."""
    file = os.path.basename(function.__code__.co_filename)
    inside = re.findall(rf'{re.escape(file)}", line (\d+)|{re.escape(file)} \((\d+)\)', text)
    lines = [int(first or second) for first, second in inside]
    loc = getattr(error, "loc", None)
    if loc is not None and os.path.basename(str(loc.filename)) == file:
        lines.append(loc.line)
    first_line = function.__code__.co_firstlineno
    last_line = max([first_line, *(line for *_, line in function.__code__.co_lines() if line)])
    own = [line for line in lines if first_line <= line <= last_line]
    if "unify" in text:  # the places come in no order
        own.sort()
    return own[0] if own else first_line
