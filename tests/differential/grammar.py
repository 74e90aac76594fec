"""Makes programs: statements over typed variables, filled with the templates of expressions.

Loops are bounded, powers and repetitions are small, so that a program ends as Python; one that
takes too long or too much memory there is dropped by the child that runs it.
"""

from __future__ import annotations

import random
import re

from differential import nested
from differential.expressions import CONSTANTS, HEAD, NUMPYS, PARAMETERS, RESULTS, TEMPLATES
from differential.program import Program

HOLE = re.compile(r"\$([^$]*)\$")
SCALARS = {"int", "float", "bool"}
HINTS = {"array": "np.ndarray"}


def program(seed: int, number: int) -> Program:
    """Return the program of this number; the same for the same seed and number."""
    return Writer(random.Random(f"{seed}:{number}")).program(f"{seed}:{number}")


class Writer:
    """Writes one function."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.scope: dict[str, str] = {}  # variables with their types
        self.lines: list[str] = []
        self.count = 0
        self.loops = 0
        self.arrays = draw.random() < 0.25
        self.depth = draw.choice((1, 1, 2))  # of expressions
        self.constants = draw.random() < 0.35  # the module's lists, dicts, helpers, enum members
        self.nests = draw.choice((0, 0.2, 1))  # how often functions stand in expressions and blocks
        self.functions: dict[str, tuple[tuple[str, ...], str]] = {}  # with their parameters' types
        self.closed: set[str] = set()  # names of the function around this one

    def program(self, seed: str) -> Program:
        kinds = [each for each in PARAMETERS if self.arrays or not each.startswith("array")]
        more = 4 if self.arrays else 1
        weights = [PARAMETERS[each] * (more if each.startswith("array") else 1) for each in kinds]
        count = self.draw.choice((1, 2, 2, 3, 3, 4))
        parameters = self.draw.choices(kinds, weights, k=count)
        hinted = self.draw.random() < 0.85
        names = [f"p{i}" for i in range(count)]
        for _ in range(self.draw.choice((0, 0, 1, 2)) if self.nests else 0):
            nested.function(self, 0, self.draw.choice(nested.RETURNED))
        helpers, self.lines = self.lines, []
        self.scope = dict(zip(names, parameters, strict=True))
        shown = [f"{n}: {_hint(k)}" if hinted else n for n, k in self.scope.items()]
        self.block(1, self.draw.choice((1, 1, 2, 3, 5)))
        self.finish(1)
        lines = [*helpers, f"def f({', '.join(shown)}):", *self.lines]
        source = HEAD + "\n".join(lines) + "\n"
        as_map = set(parameters) <= SCALARS and hinted
        return Program(source, tuple(parameters), seed, as_map=as_map)

    # --- expressions ---------------------------------------------------------------------------

    def expression(self, kind: str, depth: int | None = None) -> str:
        depth = self.depth if depth is None else depth
        if self.draw.random() < 0.01:  # what Python may refuse
            kind = self.draw.choice([e for e in TEMPLATES if self.arrays or not _is_numpys(e)])
        known = [name for name, type_ in self.scope.items() if type_ == kind]
        if depth <= 0 or self.draw.random() < 0.25:
            if known and self.draw.random() < 0.85:  # the latest first: it is the innermost
                return known[-1] if self.draw.random() < 0.4 else self.draw.choice(known)
            if kind in CONSTANTS:
                return self.draw.choice(CONSTANTS[kind])
        if depth > 0 and self.draw.random() < 0.25 * self.nests:
            made = nested.expression(self, kind, depth)
            if made is not None:
                return made
        templates = TEMPLATES.get(kind, ())
        for _ in range(20):
            template = self.draw.choice(templates) if templates else ""
            if template and self.is_wanted(template):
                return self.filled(template, depth)
        return self.draw.choice(known) if known else self.draw.choice(CONSTANTS.get(kind, ("0",)))

    def is_wanted(self, template: str) -> bool:
        if not self.arrays and ("array" in template or "np." in template):
            return False
        return self.constants or not OUTSIDE.search(template)

    def filled(self, template: str, depth: int) -> str:
        def hole(match: re.Match[str]) -> str:
            made = self.expression(match[1], depth - 1)
            return made if made.isidentifier() else f"({made})"

        made = HOLE.sub(hole, template)
        # An f-string holds neither quotes of its own kind nor backslashes before Python 3.12.
        if template.startswith("f'") and (made.count("'") > 2 or "\\" in made):
            return f'f"{made[2:-1]}"' if '"' not in made and "\\" not in made else "'#'"
        return made

    # --- statements ----------------------------------------------------------------------------

    def block(self, indent: int, statements: int) -> None:
        before = len(self.lines)
        for _ in range(statements):
            self.statement(indent)
        if len(self.lines) == before:
            self.write(indent, "pass")

    def write(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)

    def new(self) -> str:
        """Return a name that nothing has yet."""
        self.count += 1
        return f"v{self.count}"

    def statement(self, indent: int) -> None:
        chosen = self.draw.choices(
            (self.assign, self.change, self.branch, self.loop, self.attempt, self.collect,
             self.leave, self.mutate, self.unpack, self.queue, self.count_up,
             self.group, self.function, self.written_out),
            (8, 4, 4 if indent < 4 else 0, 4 if self.loops < 2 else 0, 2 if indent < 3 else 0,
             3 if self.loops < 2 else 0, 1, 3, 0.7, 0.5 if self.loops < 1 else 0,
             0.7 if self.loops < 1 else 0, 0.7 if self.loops < 1 else 0, self.nests, 0.7),
        )[0]  # fmt: skip
        chosen(indent)

    def assign(self, indent: int) -> None:
        kinds = [each for each in TEMPLATES if self.arrays or not _is_numpys(each)]
        kind = self.draw.choice((*self.results(), *kinds))
        made = self.expression(kind)
        name = self.new()
        self.write(indent, f"{name} = {made}")
        if indent == 1 or self.draw.random() < 0.3:  # else it may have no value later
            self.scope[name] = kind

    def change(self, indent: int) -> None:
        names = [n for n, kind in self.scope.items() if kind in ("int", "float", "str")]
        names = [n for n in names if n not in self.closed or self.draw.random() < 0.05]
        if not names:
            return self.assign(indent)
        name = self.draw.choice(names)
        kind = self.scope[name]
        sign = self.draw.choice({"int": "+-*%", "float": "+-*/", "str": "+"}[kind])
        if self.draw.random() < 0.6 and not (sign == "*" and self.loops):
            self.write(indent, f"{name} {sign}= {self.expression(kind, 1)}")
        elif not self.loops:
            self.write(indent, f"{name} = {self.expression(kind)}")
        return None

    def branch(self, indent: int) -> None:
        self.write(indent, f"if {self.expression('bool')}:")
        self.inside(indent, self.draw.choice((1, 1, 2)))
        if self.draw.random() < 0.5:
            if self.draw.random() < 0.3:
                self.write(indent, f"elif {self.expression('bool', 1)}:")
                self.inside(indent, 1)
            self.write(indent, "else:")
            self.inside(indent, 1)

    def inside(self, indent: int, statements: int, **names: str) -> None:
        """Write a block whose new variables are not used behind it."""
        before = dict(self.scope)
        self.scope.update(names)
        self.block(indent + 1, statements)
        self.scope = {n: kind for n, kind in self.scope.items()
                      if n in before or self.draw.random() < 0.05}  # fmt: skip

    def loop(self, indent: int) -> None:
        name, other = self.new(), self.new()
        heads = (
            (f"for {name} in range({self.expression('int', 1)} % 6):", {name: "int"}),
            (f"for {name} in {self.expression('list[int]', 1)}:", {name: "int"}),
            (f"for {name} in {self.expression('list[float]', 1)}:", {name: "float"}),
            (f"for {name} in {self.expression('str', 1)}:", {name: "str"}),
            (f"for {name}, {other} in enumerate({self.expression('list[str]', 1)}):",
             {name: "int", other: "str"}),
            (f"for {name}, {other} in {self.expression('dict[str, int]', 1)}.items():",
             {name: "str", other: "int"}),
            (f"for {name}, {other} in zip({self.expression('list[int]', 1)}, "
             f"{self.expression('str', 1)}):", {name: "int", other: "str"}),
            (f"for {name} in reversed({self.expression('list[int]', 1)}):", {name: "int"}),
        )  # fmt: skip
        head, names = self.draw.choice(heads)
        self.loops += 1
        self.write(indent, head)
        if self.draw.random() < 0.2:
            self.write(indent + 1, f"if {self.expression('bool', 1)}:")
            self.write(indent + 2, self.draw.choice(("break", "continue")))
        self.inside(indent, self.draw.choice((1, 2)), **names)
        self.loops -= 1

    def attempt(self, indent: int) -> None:
        nested.attempt(self, indent)

    def function(self, indent: int) -> None:
        nested.function(self, indent, self.draw.choice(list(nested.FORMS)))

    def collect(self, indent: int) -> None:
        """Fill a container that begins empty."""
        kind = self.draw.choice(("list[int]", "list[str]", "list[float]", "dict[str, int]"))
        name, item = self.new(), self.new()
        told = f": {kind}" if self.draw.random() < 0.3 else ""
        self.write(indent, f"{name}{told} = {'{}' if kind.startswith('dict') else '[]'}")
        self.write(indent, f"for {item} in {self.expression('list[int]', 1)}:")
        self.scope[item] = "int"
        if kind.startswith("dict"):
            key = self.expression("str", 1)
            value = self.draw.choice((f"{name}.get({key}, 0) + 1", self.expression("int", 1)))
            self.write(indent + 1, f"{name}[{key}] = {value}")
        else:
            inner = kind.removeprefix("list[").removesuffix("]")
            self.write(indent + 1, f"{name}.append({self.expression(inner, 1)})")
        del self.scope[item]
        if indent == 1:
            self.scope[name] = kind

    def written_out(self, indent: int) -> None:
        """Change a list that was written out, and ask what is in it."""
        name, wanted, shown = self.new(), self.new(), self.new()
        kind = self.draw.choice(("list[int]", "list[float]", "list[str]"))
        item = kind.removeprefix("list[").removesuffix("]")
        first = self.draw.choice(CONSTANTS[kind])
        self.write(indent, f"{name} = {first}")
        self.write(indent, f"{wanted} = {self.draw.choice(CONSTANTS[item])}")
        other = self.draw.choice((wanted, self.expression(item, 1)))
        changes = (
            f"{name}.append({other})", f"{name}[0] = {other}", f"{name} += [{other}]",
            f"{name}.pop()", f"{name}.clear()", f"{name}.insert(0, {other})", "pass",
        )  # fmt: skip
        if self.draw.random() < 0.3:
            self.write(indent, f"if {self.expression('bool', 1)}:")
            self.write(indent + 1, self.draw.choice(changes))
        else:
            self.write(indent, self.draw.choice(changes))
        asked = (f"{wanted} in {name}", f"{wanted} not in {name}", f"{name} == {first}",
                 f"len({name}) > 1", f"{name} != [{wanted}]", f"bool({name})")  # fmt: skip
        self.write(indent, f"{shown} = {self.draw.choice(asked)}")
        if indent == 1:
            self.scope |= {name: kind, shown: "bool"}

    def unpack(self, indent: int) -> None:
        """Take a list apart."""
        first, rest = self.new(), self.new()
        if self.draw.random() < 0.5:
            self.write(indent, f"{first}, *{rest} = {self.expression('list[int]', 1)}")
            kinds = {first: "int", rest: "list[int]"}
        else:
            sign = self.draw.choice(("','", "' '", "$str$"))
            self.write(indent, f"{first}, {rest} = {self.filled(f'$str$.split({sign})', 1)}")
            kinds = {first: "str", rest: "str"}
        if indent == 1:
            self.scope.update(kinds)

    def queue(self, indent: int) -> None:
        """Take from a deque what was put in, and a little more."""
        name, item, count = self.new(), self.new(), self.new()
        self.write(indent, f"{name} = deque({self.expression('list[int]', 1)})")
        self.write(indent, f"{count} = 0")
        self.write(indent, f"while {name} and {count} < 9:")
        taken = self.draw.choice(("popleft", "pop"))
        self.write(indent + 1, f"{item} = {name}.{taken}()")
        self.write(indent + 1, f"{count} += 1")
        before = dict(self.scope)
        self.scope.update({item: "int", count: "int"})
        put = self.draw.choice(("append", "appendleft"))
        self.write(indent + 1, f"if {self.expression('bool', 1)}:")
        self.write(indent + 2, f"{name}.{put}({self.expression('int', 1)})")
        self.scope = before | ({count: "int"} if indent == 1 else {})

    def count_up(self, indent: int) -> None:
        """Count in a dict with a default, and ask it."""
        name, item, shown = self.new(), self.new(), self.new()
        made = ("Counter()", "Counter($list[int]$)", "defaultdict(int)", "defaultdict(float)")
        self.write(indent, f"{name} = {self.filled(self.draw.choice(made), 1)}")
        self.write(indent, f"for {item} in {self.expression('list[int]', 1)}:")
        before = dict(self.scope)
        self.scope[item] = "int"
        added = (self.expression("int", 1), f"{name}[{item} + 1] + 1", "1", "0.5")
        self.write(indent + 1, f"{name}[{self.expression('int', 1)}] += {self.draw.choice(added)}")
        self.scope = before
        asked = ("len({0})", "{0}[{1}]", "sum({0}.values())", "max({0}, key={0}.get)",
                 "sorted({0}, key=lambda v: ({0}[v], v))", "list({0}.items())", "{1} in {0}",
                 "[v for v in {0} if {0}[v + 1]]")  # fmt: skip
        chosen = self.draw.choice(asked).format(name, self.expression("int", 1))
        self.write(indent, f"{shown} = {chosen}")
        if indent == 1 and chosen.startswith(("len", name)):
            self.scope[shown] = "int"
        elif indent == 1:
            self.write(indent, f"return {shown}, {self.expression('int', 1)}")

    def group(self, indent: int) -> None:
        """Put lists in a dict, under one key in another's place now and then, and look at it."""
        name, item, shown = self.new(), self.new(), self.new()
        by_default = self.draw.random() < 0.4
        self.write(indent, f"{name} = {'defaultdict(list)' if by_default else '{}'}")
        self.write(indent, f"for {item} in {self.expression('list[int]', 1)}:")
        before = dict(self.scope)
        self.scope[item] = "int"
        key, put = f"({self.expression('int', 1)}) % 4", self.expression("int", 1)
        if by_default:
            self.write(indent + 1, f"{name}[{key}].append({put})")
        elif self.draw.random() < 0.5:
            self.write(indent + 1, f"{name}.setdefault({key}, []).append({put})")
        else:
            self.write(indent + 1, f"{shown} = {key}")
            self.write(indent + 1, f"if {shown} not in {name}:")
            self.write(indent + 2, f"{name}[{shown}] = []")
            self.write(indent + 1, f"{name}[{shown}].append({put})")
        self.scope = before
        other = self.draw.choice((f"{name}[1].append(7)", f"{name}[9] = {name}[0]",
                                  f"del {name}[2]", ""))  # fmt: skip
        if other and self.draw.random() < 0.6:
            self.write(indent, other)
        asked = ("list({0}.items())", "dict({0})", "[sum(v) for v in {0}.values()]",
                 "max({0}, key=lambda k: len({0}[k]))", "sorted({0}.items())", "{0}[{1}]",
                 "{0} == {{0: [1]}}", "({0}, [{0}])", "{0}.get({1})", "[{0}[v][0] for v in {0}]",
                 "sum(len({0}[v]) for v in range(3))")  # fmt: skip
        chosen = self.draw.choice(asked).format(name, self.expression("int", 1))
        if indent == 1:
            self.write(indent, f"return {chosen}, {self.expression('int', 1)}")
        else:
            self.write(indent, f"{shown} = {chosen}")

    def leave(self, indent: int) -> None:
        test = self.expression("bool", 1)
        chosen = self.draw.random()
        if chosen < 0.3:
            self.write(indent, f"if {test}:")
            self.write(indent + 1, f"raise ValueError({self.expression('str', 1)})")
        elif chosen < 0.45:
            self.write(indent, f"assert {test}, {self.expression('str', 1)}")
        elif chosen < 0.55 and self.constants:
            self.write(indent, f"if {test}:")
            self.write(indent + 1, f"warnings.warn({self.expression('str', 0)})")
        else:
            self.write(indent, self.expression("int"))

    def mutate(self, indent: int) -> None:
        """Change a container; one that was given, now and then."""
        kinds = ("list[int]", "list[float]", "list[str]", "dict[str, int]", "array f8 1",
                 "array i8 1", "array f8 2", "list[np.f8]")  # fmt: skip
        names = [n for n, kind in self.scope.items() if kind in kinds]
        names = [n for n in names if n[0] == "v" or self.draw.random() < 0.4]
        if not names:
            return self.assign(indent)
        name = self.draw.choice(names)
        kind = self.scope[name]
        index = self.expression("int", 1)
        if kind.startswith("array"):
            item = "float" if "f8" in kind else "int"
            place = f"{index} % 3, 0" if kind.endswith("2") else index
            self.write(indent, f"{name}[{place}] = {self.expression(item, 1)}")
            return None
        if kind.startswith("dict"):
            key = self.expression("str", 1)
            put = f"{name}[{key}] = {self.expression('int', 1)}"
            self.write(indent, self.draw.choice((put, put, f"del {name}[{key}]")))
            return None
        item = self.expression(kind.removeprefix("list[").removesuffix("]"), 1)
        self.write(indent, self.draw.choice((
            f"{name}.append({item})", f"{name}[{index}] = {item}",
            f"{name}.insert({index}, {item})",
            f"{name}.sort()", f"{name}.pop()", f"{name}.reverse()", f"{name}.extend([{item}])",
            f"{name}.remove({item})", f"{name} += [{item}]", f"del {name}[{index}]",
            f"del {name}[{index}:{self.expression('int', 0)}]",
        )))  # fmt: skip
        return None

    def finish(self, indent: int) -> None:
        made = [name for name in self.scope if name.startswith("v")]
        chosen = self.draw.random()
        if made and chosen < 0.5:
            shown = self.draw.sample(made, min(len(made), self.draw.choice((1, 1, 2, 3))))
            self.write(indent, "return " + ", ".join(shown))
        elif chosen < 0.6:
            pair = f"{self.expression('int')}, {self.expression('str')}"
            self.write(indent, f"return {pair}")
        else:
            self.write(indent, f"return {self.expression(self.draw.choice(self.results()))}")

    def results(self) -> tuple[str, ...]:
        return (*RESULTS, *NUMPYS, *NUMPYS) if self.arrays else RESULTS


#: What is outside of the function: the names of `HEAD`, and helpers of the standard library.
OUTSIDE = re.compile(
    r"LIMITS|WEIGHTS|NAMES|CODES|RATES|ODD|COLOUR|Colour|helper|_of\(|countdown|counted|halved|calendar"
    r"|Level|Point|Circle|Account|keyed|itertools|functools|bisect|operator"
)


def _is_numpys(kind: str) -> bool:
    return kind.startswith("array") or "np." in kind


def _hint(kind: str) -> str:
    return HINTS.get(kind.partition(" ")[0], kind)
