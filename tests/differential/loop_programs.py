"""Random programs with parallel loops, each as a task and as Python that adds up in blocks.

A program fills arrays, each iteration its own items, and has sums of all kinds; some of its loops
are nested, fail, call helpers with loops of their own, or fork.
"""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import numpy as np

LENGTHS = (0, 1, 2, 5, 127, 128, 129, 130, 255, 1000, 3000, 16383, 16384, 16385, 20000)
INNER = (0, 1, 3, 7, 20)
HEAD = """\
import math
import numpy as np
from numba import prange
from catzilla_jit import fork, join


def leaf(a, i, m):
    found = a[i % len(a)]
    for k in range(m):
        found = found * 0.5 + k
    return found


def count(y, k, m):
    found = 0
    for j in prange(m):
        found += int(y[j % len(y)]) * (k + 1)
    return found


def tree(y, first, last):
    if last - first < 3:
        found = 0
        for i in prange(first, last):
            found += int(y[i % len(y)])
        return found
    middle = (first + last) // 2
    left = fork(tree, y, first, middle)
    right = tree(y, middle, last)
    return join(left) + right


def picky(k, m):
    total = 0
    for j in prange(m):
        if (k + j) % 97 == 96:
            raise ValueError("picky", k, j)
        total += j
    return total
"""
REFERENCE = """\
import math
import numpy as np

def fork(function, *given):
    return function, given
def join(handle):
    return handle[0](*handle[1])
def prange(*given):
    return range(*given)
def block(n):
    most = 128 if n < 16384 else 1024
    return max(1, -(-n // most))
"""
NEUTRAL = {
    ("+", "float"): "-0.0", ("+", "int"): "0", ("+", "complex"): "complex(-0.0, -0.0)",
    ("*", "float"): "1.0", ("*", "int"): "1", ("|", "int"): "0", ("&", "int"): "-1",
    ("^", "int"): "0", ("&", "bool"): "True", ("|", "bool"): "False",
    ("+", "float32"): "np.float32(-0.0)",
}  # fmt: skip
Lines = list[str]


@dataclasses.dataclass
class Loop:
    """A parallel loop: its variable, its range, its statements and its sums."""

    variable: str
    bounds: str
    body: list[Any]
    sums: dict[str, tuple[str, str]]  # the operation and the kind, by the name
    number: int

    def as_task(self) -> Lines:
        return [f"for {self.variable} in prange({self.bounds}):", *_deeper(_lines(self.body, True))]

    def as_reference(self) -> Lines:
        number, names = self.number, list(self.sums)
        body = _deeper(_lines(self.body, False))
        text = [f"r{number} = range({self.bounds})", f"p{number} = []"]
        if not names:
            return [text[0], f"for {self.variable} in r{number}:", *body]
        together = "".join(f"{name}, " for name in names)
        text += [f"b{number} = ({together})", f"e{number} = block(len(r{number}))"]
        text.append(f"for k{number} in range(0, len(r{number}), e{number}):")
        for place, name in enumerate(names):
            text.append(f"    {name} = {NEUTRAL.get(self.sums[name], f'b{number}[{place}]')}")
        text.append(f"    for {self.variable} in r{number}[k{number} : k{number} + e{number}]:")
        text += [*_deeper(body), f"    p{number}.append(({together}))"]
        for place, name in enumerate(names):
            operation, _ = self.sums[name]
            parts = f"[each[{place}] for each in p{number}]"
            text += [f"{name} = b{number}[{place}]", f"if p{number}:", f"    q{number} = {parts}"]
            text += [f"    m{number} = q{number}[0]", f"    for l{number} in q{number}[1:]:"]
            if operation in ("max", "min"):
                text.append(f"        m{number} = {operation}(m{number}, l{number})")
                text.append(f"    {name} = {operation}({name}, m{number})")
            else:
                text.append(f"        m{number} = m{number} {operation} l{number}")
                text.append(f"    {name} = {name} {operation} m{number}")
        return text


@dataclasses.dataclass
class Block:
    """A statement with others in it."""

    header: str
    body: list[Any]


def _deeper(lines: Lines) -> Lines:
    return [f"    {each}" for each in lines]


def _lines(statements: list[Any], task: bool) -> Lines:
    text: Lines = []
    for each in statements:
        if isinstance(each, str):
            text.append(each)
        elif isinstance(each, Block):
            text += [each.header, *_deeper(_lines(each.body, task))]
        else:
            text += each.as_task() if task else each.as_reference()
    return text or ["pass"]


class Writer:
    """Writes one program."""

    def __init__(self, seed: int, number: int) -> None:
        self.random = random.Random(f"{seed} {number}")
        self.numbers = 0
        self.alone = self.random.random() < 0.2  # arrays are one: iterations read their own items
        self.sums: list[str] = []
        self.fails = self.random.random() < 0.35
        self.pure = not self.alone and self.random.random() < 0.5  # arrays are made and returned
        self.plain = self.random.random() < 0.75  # no number of NumPy's outside of arrays

    def new(self) -> int:
        self.numbers += 1
        return self.numbers

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    # --- expressions; i is the number of an iteration, w a number of its own ----------------------

    def floating(self, i: str, deep: int = 2) -> str:
        if deep == 0:
            at = i if self.alone else self.pick(i, i, f"-{i} - 1", f"({i} * 7) % n", f"{i} // 2")
            item = f"float(x[{at}])" if self.plain else f"x[{at}]"
            return str(self.pick(item, item, f"({i} * 0.1)", "0.3", f"1.0 / ({i} + 1)"))
        a, b = self.floating(i, deep - 1), self.floating(i, deep - 1)
        forms = [
            "{a} + {b}",
            "{a} * {b}",
            "{a} - {b}",
            "abs({a})",
            "min({a}, {b})",
            "max({a}, {b})",
        ]
        forms += ["math.sin({a})", "({a} if {a} < {b} else {b})", "float({j})", "{a}"]
        return f"({self.pick(*forms).format(a=a, b=b, j=self.integer(i, 1))})"

    def integer(self, i: str, deep: int = 2) -> str:
        if deep == 0:
            at = i if self.alone else self.pick(i, i, f"-{i} - 1", f"({i} * 5) % n")
            item = f"int(y[{at}])" if self.plain else f"y[{at}]"
            return str(self.pick(item, item, i, i, "3", "m", "k"))
        a, b = self.integer(i, deep - 1), self.integer(i, deep - 1)
        forms = [
            "{a} + {b}",
            "{a} * {b}",
            "{a} - {b}",
            "{a} % 7",
            "{a} // 3",
            "{a} ^ {b}",
            "{a} & 15",
        ]
        forms += ["abs({a})", "min({a}, {b})", "({a} if {a} > {b} else {b})", "-{a}", "{a}"]
        if self.fails:
            forms += ["{a} // ({i} % 19 - 18)", "{a} % ({b} + 900)"]
        return f"({self.pick(*forms).format(a=a, b=b, i=i)})"

    def truth(self, i: str) -> str:
        forms = [f"{i} % 3 == 0", f"{self.floating(i, 1)} > 0.4", f"{self.integer(i, 1)} < 5"]
        return str(self.pick(*forms, f"({i} * 7919) % 11 < 4"))

    # --- statements -------------------------------------------------------------------------------

    def adding(self, name: str, operation: str, kind: str, i: str) -> str:
        made = {"float": self.floating, "int": self.integer}
        if kind == "bool":
            return f"{name} {operation}= {self.truth(i)}"
        if kind == "complex":
            return f"{name} += complex({self.floating(i, 1)}, {self.floating(i, 0)})"
        if kind == "float32":
            return f"{name} += h[{i} % 17]"
        value = made[kind](i)
        if operation in ("max", "min"):
            return f"{name} = {operation}({name}, {value})"
        if operation == "*":
            return f"{name} *= {self.pick('1', '-1')}" if kind == "int" else (
                f"{name} *= 1.0 + 0.001 * {value}")  # fmt: skip
        if operation == "+" and self.random.random() < 0.3:
            return f"{name} = {name} {self.pick('+', '-')} {value}"
        return f"{name} {operation}= {value}"

    def new_sum(self) -> tuple[str, str, tuple[str, str]]:
        operation, kind = self.pick(
            ("+", "float"), ("+", "float"), ("+", "int"), ("+", "int"), ("*", "float"),
            ("max", "float"), ("min", "float"), ("max", "int"), ("min", "int"), ("*", "int"),
            ("|", "int"), ("&", "int"), ("^", "int"), ("&", "bool"), ("|", "bool"),
            ("+", "complex"), ("+", "float32") if self.random.random() < 0.1 else ("+", "float"),
        )  # fmt: skip
        begins = {
            "float": ("0.0", "-0.0", "1.5", "-3.25"), "int": ("0", "1", "7", "-5"),
            "bool": ("True", "False"), "complex": ("0j", "1.5 - 2j"),
            "float32": ("np.float32(0)", "np.float32(0.1)"),
        }  # fmt: skip
        return f"s{self.new()}", str(self.pick(*begins[kind])), (operation, kind)

    def work(self, i: str) -> list[Any]:
        number = self.new()
        name = f"w{number}"
        forms: list[list[Any]] = [
            [f"{name} = {self.floating(i)}", Block(f"for c{number} in range(m):", [
                f"{name} = {name} * 0.5 + c{number}"]), self.store(i, name)],
            [self.store(i, self.floating(i))],
            [f"iout[{i}] = {self.integer(i, 1)} % 1000"],
            [f"iout[{i}] += {self.integer(i, 1)} % 100"],
            [Block(f"if {self.truth(i)}:", [self.store(i, self.floating(i))])],
            [f"{name} = np.zeros(3)", f"{name}[{i} % 3] = {self.floating(i)}",
             self.store(i, f"{name}[0] + {name}[1] * 2.0")],
            [f"{name} = [{self.integer(i)}, {self.integer(i)}]", f"iout[{i}] = max({name}) % 1000"],
            [f"{name} = 0", Block(f"while {name} < {i} % 5:", [f"{name} += 2"]),
             f"iout[{i}] = {name}"],
            [Block("try:", [f"{name} = 12 // ({i} % 4)"]), Block("except Exception:", [
                f"{name} = -1"]), f"iout[{i}] = {name}"],
            [f"iout[{i}] = count(y, k, m) % 1000"],
            [f"{name} = fork(count, y, k, m)", f"iout[{i}] = (m + join({name})) % 1000"],
            [f"iout[{i}] = tree(y, {i} % 3, {i} % 11)"],
        ]  # fmt: skip
        if not self.pure:  # a task with `try` and effects is Python's
            del forms[8]
        if self.alone:
            forms = forms[:5] + forms[7:8]
        if self.fails:
            forms += [
                [Block(f"if {i} % 1009 == 700:", [f'raise ValueError("bad", {i}, {i} * 0.5)'])],
                [Block(f"if {self.truth(i)} and {i} > 400:", [f"raise KeyError({i})"])],
                [f"iout[{i}] = picky({i}, m)"],
            ]  # fmt: skip
        if self.fails and self.pure:
            caught = Block("except Exception:", [f"{name} = -3"])
            forms.append(
                [Block("try:", [f"{name} = picky({i}, m)"]), caught, f"iout[{i}] = {name}"]
            )
        return list(self.pick(*forms))

    def store(self, i: str, value: str) -> str:
        if self.alone:
            return f"x[{i}] = {value}"
        return f"out{self.writing}[{self.place.format(i=i)}] = {value}"

    def loop(self, inner: bool = False) -> list[Any]:
        number = self.new()
        i = f"i{number}"
        self.writing = number % 4
        self.place = self.pick("{i}", "{i}", "n - 1 - {i}", "-{i} - 1")  # of its own items
        sums = {}
        before: list[Any] = []
        body: list[Any] = []
        for _ in range(self.pick(0, 1, 1, 2, 3)):
            name, begin, what = self.new_sum()
            before.append(f"{name} = {begin}")
            sums[name] = what
            self.sums.append(name)
        if not inner:
            for _ in range(self.pick(1, 1, 2)):
                body += self.work(i)
        if not inner and not self.alone and self.random.random() < 0.35:
            body += self.inner_loop(i)
        for name, (operation, kind) in sums.items():
            adds = self.adding(name, operation, kind, i)
            body.append(
                Block(f"if {self.truth(i)}:", [adds]) if self.random.random() < 0.3 else adds
            )
            if self.random.random() < 0.2:
                body.append(self.adding(name, operation, kind, i))
        if self.random.random() < 0.2:
            body.insert(0, Block(f"if {self.truth(i)}:", ["continue"]))
        bounds = self.pick("n", "n", "0, n", "1, n", "n - 1, -1, -1", "0, n, 3", "n // 2, n, 2")
        return [*before, Loop(i, bounds, body or ["pass"], sums, number)]

    def inner_loop(self, i: str) -> list[Any]:
        number = self.new()
        j = f"j{number}"
        name, begin, what = self.new_sum()
        while what[1] not in ("float", "int"):
            name, begin, what = self.new_sum()
        body = [self.adding(name, *what, f"(({i} + {j}) % n)")]
        last = f"iout[{i}] = int({name}) % 1000" if what[1] == "int" else self.store(i, name)
        bounds = self.pick("m", "m", f"{i} % 5, m", "m, 0, -2")
        return [f"{name} = {begin}", Loop(j, bounds, body, {name: what}, number), last]

    def program(self) -> tuple[str, str]:
        body: list[Any] = []
        for _ in range(self.pick(1, 1, 2)):
            made = self.loop()
            if self.random.random() < 0.2 and isinstance(made[-1], Loop):
                made[-1] = Block(self.pick("for turn in range(2):", "if k < 100:"), [made[-1]])
            if self.fails and self.pure and self.random.random() < 0.3:
                made[-1:] = [Block("try:", [made[-1]]), Block("except ValueError:", ["k = -1"])]
            body += made
        results = [*self.sums, "k"]
        if self.pure:
            results += [f"out{each}" for each in range(4)] + ["iout"]
            body[:0] = [f"out{each} = np.zeros(n)" for each in range(4)]
            body.insert(0, "iout = np.zeros(n, np.int64)")
        body.append(f"return ({', '.join(results)})")
        given = "" if self.pure else ", out0, out1, out2, out3, iout"
        head = f"def main(n, m, k, x, y, h{given}):"
        task = HEAD + "\n\n" + "\n".join([head, *_deeper(_lines(body, True))])
        helpers = HEAD.split("\n\n\n", 1)[1]
        reference = f"{REFERENCE}\n{helpers}\n\n" + "\n".join([head, *_deeper(_lines(body, False))])
        return task + "\n", reference + "\n"

    def arguments(self) -> tuple[Any, ...]:
        draw = np.random.default_rng(self.random.randrange(2**32))
        n = self.pick(*LENGTHS)
        x = draw.normal(size=max(n, 1))
        for special in (np.nan, np.inf, -0.0, 0.0, -np.inf):
            if self.random.random() < 0.15:
                x[draw.integers(len(x))] = special
        y = draw.integers(-50, 1000, max(n, 1))
        h = draw.normal(size=17).astype(np.float32)
        outs = [np.zeros(max(n, 1)) for _ in range(4)]
        given = n, self.pick(*INNER), self.pick(0, 1, 5), x, y, h
        return given if self.pure else (*given, *outs, np.zeros(len(y), np.int64))
