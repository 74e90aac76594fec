"""Numba's types in Python's words: `list[int]`, `dict[str, int]`, `array(float64, 1-D)`.

Numba names a type by a text, alone or inside of a message, so it is texts that are translated
here: the innermost type first, until nothing is left to say otherwise. A literal becomes its
type; what has no words here stays as it is.
"""

from __future__ import annotations

import re

_SIMPLE = r"[^()\[\]{}]*"  # holds no further type that is still to be said
_HELD = r"((?:[^()\[\]{}]|\[[^\[\]]*\])*)"  # holds types that have been said

#: Numbers, inside of everything but arrays and records: those keep NumPy's names.
_SCALARS = {
    "unicode_type": "str", "int64": "int", "float64": "float", "boolean": "bool", "bool_": "bool",
    "complex128": "complex", "none": "None", "undefined": "unknown",
}  # fmt: skip

#: Operators, by the names that Numba has for them.
SIGNS = {
    "add": "+", "iadd": "+=", "sub": "-", "isub": "-=", "mul": "*", "imul": "*=",
    "truediv": "/", "itruediv": "/=", "floordiv": "//", "ifloordiv": "//=", "mod": "%",
    "imod": "%=", "pow": "**", "ipow": "**=", "matmul": "@", "lshift": "<<", "rshift": ">>",
    "and_": "&", "or_": "|", "xor": "^", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">",
    "ge": ">=", "neg": "-", "pos": "+", "invert": "~", "contains": "in", "getitem": "x[i]",
    "setitem": "x[i] = y", "delitem": "del x[i]",
}  # fmt: skip


def sign(operation: object) -> str:
    """Return how an operator is written, or its name."""
    name = getattr(operation, "__name__", str(operation))
    return SIGNS.get(name, name)


_FUNCTION = r"<function (?:[\w.]+\.<locals>\.)*(\w+)[^<>]*>"

_RULES = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\bIntEnum<int>\((\w+)\)", r"\1"),
        (r"<iv=(?:None|\[[^\]]*\]|\{[^}]*\})>", ""),
        (r"Literal\[(\w+)\]\((?:[^()]|\([^()]*\))*?\)", r"\1"),
        (rf"(?:reflected )?list\({_HELD}\)", r"list[\1]"),
        (rf"(?:reflected )?set\({_HELD}\)", r"set[\1]"),
        (rf"ListType\[{_HELD}\]", r"list[\1]"),
        (r"LiteralStrKey\[Dict\]\(\{[^{}]*\}\)", "dict"),
        (r"\biter_unicode\b", "iterator of str"),
        (r"\bslice<[a-z:]+>", "slice"),
        (r"OptionalType\(([^()]*)\)", r"\1 | None"),
        (r"Optional\(([^()]*)\)", r"\1 | None"),
        (r"omitted\(default=(?:'(?:[^'\\]|\\.)*'|[^()]*)\)", "a default"),
        (r"\brange_(?:state|iter)_\w+", "range"),
        (r"\bclass\((\w+)\)", r"type[\1]"),
        (r"Module\(<module '([\w.]+)'[^>]*>\)", r"module \1"),
        (rf"type\((?:CPUDispatcher|Helper|Chooser)\({_FUNCTION}\)\)", r"function \1"),
        (r"\bfunction _lambda_\b", "lambda"),
        (rf"\bList\({_HELD}, (?:True|False)\)", r"list[\1]"),
        (rf"\bTuple\(\({_HELD}\)\)", r"tuple[\1]"),
        (rf"\bUniTuple\(\({_HELD}\) x (\d+)\)", r"UniTuple(\1 x \2)"),
        (rf"\biter\({_HELD}\)", r"iterator of \1"),
        (rf"\b(zip|enumerate)\({_HELD}\)", r"\1"),
        (r"Function\(<(?:built-in )?(?:function|class|ufunc) '?([\w.]+)'?[^>]*>\)", r"\1"),
    )
)
_RECORD = re.compile(r"(?:readonly )?Record\(([^()]*);\d+;(?:True|False)\)")
_FIELD = re.compile(r"([^;,\[\]]+)\[type=(\w+)[^;]*;[^\]]*\](,|$)")
_ARRAY = re.compile(
    r"(?:unaligned |readonly |nonaligned )*[Aa]rray\((\w+|record\[[^\[\]]*\]), (\d+)d, [CFA]\)"
)
_MANY = re.compile(rf"(?:StarArg)?UniTuple\({_HELD} x (\d+)\)")
_TUPLE = re.compile(rf"\b(?:Named|StarArg)?Tuple\({_HELD}\)")
_MIXED_LIST = re.compile(rf"LiteralList\(\(?{_HELD}\)?\)")
_DICT = re.compile(r"DictType\[((?:[^\[\]]|\[(?:[^\[\]]|\[[^\[\]]*\])*\])*)\]")
#: What map, filter or a generator gives; its arguments hold texts of any kind.
_GENERATOR = re.compile(
    r"(?:\([^()]*\)|\S+) generator\(func=(?:<function (?:ol_)?(map|filter)?)?.*?has_finalizer=\w+\)"
)
_BRACKETS = r"(?:[^\[\]]|\[(?:[^\[\]]|\[(?:[^\[\]]|\[[^\[\]]*\])*\])*\])*"
#: What goes over a dict, and its views, once the dict has been said.
_STEPS = re.compile(rf"iter\[({_BRACKETS}?)->{_BRACKETS}\], ?(keys|values|items)\[\1\]")
_VIEWS = re.compile(rf"\b(keys|values|items)\[(dict\[{_BRACKETS}\])\]")
_MOST_SHOWN = 4


def plain(text: str) -> str:
    """Return a text of Numba's with its types in Python's words."""
    text = _GENERATOR.sub(lambda match: match[1] or "generator", text)
    hidden: list[str] = []

    def hide(text: str) -> str:
        hidden.append(text)
        return f"\0{len(hidden) - 1}\0"

    text = re.sub(r"\[unichr x \d+\]", "str", re.sub(r"\[char x \d+\]", "bytes", text))
    text = _RECORD.sub(_record, text)
    text = _ARRAY.sub(lambda match: hide(f"array({match[1]}, {match[2]}-D)"), text)
    text = re.sub(r"\brecord\[[^\[\]]*\]", lambda match: hide(match[0]), text)
    text = re.sub(r"\b(\w+)\b", lambda match: _SCALARS.get(match[1], match[1]), text)
    while (said := _once(text)) != text:
        text = said
    text = _STEPS.sub(r"iterator of the \2 of \1", text)
    text = _VIEWS.sub(r"\1 of \2", text)
    return re.sub(r"\0(\d+)\0", lambda match: hidden[int(match[1])], text)


def of(type_: object) -> str:
    """Return what a Numba type is called in Python."""
    return plain(str(type_))


def _record(match: re.Match[str]) -> str:
    fields = _FIELD.sub(lambda field: f"{field[1]}: {field[2]}{field[3] and ', '}", match[1])
    return f"record[{fields}]"


def _once(text: str) -> str:
    for pattern, words in _RULES:
        text = pattern.sub(words, text)
    text = _MANY.sub(_many, text)
    text = _TUPLE.sub(lambda match: f"tuple[{match[1]}]", text)
    text = _MIXED_LIST.sub(_mixed_list, text)
    return _DICT.sub(lambda match: "dict[" + re.sub(r",(?=\S)", ", ", match[1]) + "]", text)


def _many(match: re.Match[str]) -> str:
    count = int(match[2])
    if count > _MOST_SHOWN:
        return f"tuple[{match[1]}, ...]"
    return f"tuple[{', '.join([match[1]] * count)}]"


def _mixed_list(match: re.Match[str]) -> str:
    kinds = dict.fromkeys(match[1].strip("(, ").split(", "))
    return f"list[{' | '.join(kinds)}]"
