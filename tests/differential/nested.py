"""What stands in what: comprehensions, generators, lambdas, inner functions, helpers, `try`.

Their bodies are made by the grammar too, so that each of them stands in each. The writer's scope is
that of the place where they stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from differential.grammar import Writer

#: What can be gone through, by the type of its items.
ITERABLES = {
    "int": ("$list[int]$", "$list[int]$", "range($int$ % 5)", "$set[int]$",
            "$dict[str, int]$.values()"),
    "float": ("$list[float]$", "$list[float]$", "$dict[int, float]$.values()"),
    "str": ("$list[str]$", "$str$", "$dict[str, int]$", "$str$.split()"),
}  # fmt: skip
#: By type: {made} is an expression of the type that is named first, over {name} from {source}.
FORMS: dict[str, tuple[tuple[str, str], ...]] = {
    "int": (
        ("int", "sum({made} for {name} in {source})"),
        ("int", "max([{made} for {name} in {source}])"),
        ("int", "min({made} for {name} in {source})"),
        ("bool", "sum(1 for {name} in {source} if {made})"),
        ("int", "next({made} for {name} in {source})"),
        ("int", "next(({made} for {name} in {source} if {test}), -1)"),
        ("int", "[{made} for {name} in {source}][0]"),
        ("int", "(lambda {name}: {made})({item})"),
        ("str", "len({{{made} for {name} in {source}}})"),
        ("int", "sum(map(lambda {name}: {made}, {source}))"),
    ),
    "float": (
        ("float", "sum({made} for {name} in {source})"),
        ("float", "max([{made} for {name} in {source}])"),
        ("float", "(lambda {name}: {made})({item})"),
        ("float", "math.fsum({made} for {name} in {source})"),
        ("float", "[{made} for {name} in {source}][-1]"),
    ),
    "bool": (
        ("bool", "any({made} for {name} in {source})"),
        ("bool", "all([{made} for {name} in {source}])"),
        ("bool", "(lambda {name}: {made})({item})"),
    ),
    "str": (
        ("str", "''.join({made} for {name} in {source})"),
        ("str", "','.join([{made} for {name} in {source}])"),
        ("str", "(lambda {name}: {made})({item})"),
        ("str", "[{made} for {name} in {source}][0]"),
    ),
    "list[int]": (
        ("int", "[{made} for {name} in {source}]"),
        ("int", "[{made} for {name} in {source} if {test}]"),
        ("int", "list(map(lambda {name}: {made}, {source}))"),
        ("int", "sorted($list[int]$, key=lambda {name}: {made})"),
        ("int", "sorted({{{made} for {name} in {source}}})"),
        ("bool", "list(filter(lambda {name}: {made}, $list[int]$))"),
        ("int", "[{name} for each in {source} for {name} in [{made}]]"),
    ),
    "list[float]": (
        ("float", "[{made} for {name} in {source}]"),
        ("float", "[{made} for {name} in {source} if {test}]"),
        ("float", "list({made} for {name} in {source})"),
    ),
    "list[str]": (
        ("str", "[{made} for {name} in {source}]"),
        ("int", "sorted($list[str]$, key=lambda {name}: {made})"),
    ),
    "dict[str, int]": (
        ("int", "{{$str$: {made} for {name} in {source}}}"),
        ("str", "{{{made}: $int$ for {name} in {source} if {test}}}"),
    ),
    "tuple[int, float]": (("float", "($int$, sum({made} for {name} in {source}))"),),
    "set[int]": (("int", "{{{made} for {name} in {source}}}"),),
}  # fmt: skip
#: What an inner function is called with, and what a `try` returns.
PASSED = ("int", "int", "float", "str", "list[int]", "bool", "list[str]", "dict[str, int]")
RETURNED = ("int", "float", "str", "list[int]", "list[float]", "list[str]", "bool")
CAUGHT = (
    "Exception", "ValueError", "ZeroDivisionError", "(ValueError, IndexError)", "KeyError",
    "OverflowError", "ArithmeticError", "LookupError", "IndexError", "TypeError",
)  # fmt: skip
OF_ITEMS = {"list[int]": "int", "list[str]": "str"}  # what a key or a filter is asked about


def expression(writer: Writer, kind: str, depth: int) -> str | None:
    """Return an expression of this type with a function of its own in it; None: there is none."""
    called = [name for name, (_, result) in writer.functions.items() if result == kind]
    if called and writer.draw.random() < 0.5:
        name = writer.draw.choice(called)
        given = ", ".join(f"${each}$" for each in writer.functions[name][0])
        return writer.filled(f"{name}({given})", depth)
    if kind not in FORMS:
        return None
    inner, form = writer.draw.choice(FORMS[kind])
    alone = "{source}" not in form and kind in OF_ITEMS
    item = OF_ITEMS[kind] if alone else writer.draw.choice(list(ITERABLES))
    source = writer.filled(writer.draw.choice(ITERABLES[item]), depth)
    passed = writer.expression(item, depth - 1)
    name = writer.new()
    before = dict(writer.scope)
    writer.scope[name] = item
    made = writer.expression(inner, max(depth - 1, 1))
    test = writer.expression("bool", 1)
    writer.scope = before
    form = form.format(made=made, name=name, source=source, item=passed, test=test)
    return writer.filled(form, depth) if "$" in form else form


def function(writer: Writer, indent: int, result: str) -> None:
    """Write a function of its own, which sees what stands around it."""
    given = {writer.new(): kind for kind in writer.draw.choices(PASSED, k=writer.draw.randrange(3))}
    name = f"g{writer.new()}"
    scope, loops, closed = dict(writer.scope), writer.loops, writer.closed
    writer.scope.update(given)
    writer.closed = {*scope}
    if writer.draw.random() < 0.3:
        writer.write(indent, f"{name} = lambda {', '.join(given)}: {writer.expression(result, 1)}")
    else:
        hinted = writer.draw.random() < 0.3
        shown = [f"{n}: {k}" if hinted else n for n, k in given.items()]
        writer.write(indent, f"def {name}({', '.join(shown)}):")
        writer.block(indent + 1, writer.draw.choice((0, 0, 1, 1, 2)))
        writer.write(indent + 1, f"return {writer.expression(result, 1)}")
    writer.scope, writer.loops, writer.closed = scope, loops, closed
    if indent <= 1 or writer.draw.random() < 0.3:
        writer.functions[name] = (tuple(given.values()), result)


def attempt(writer: Writer, indent: int) -> None:
    """Write a `try` with one to three of the clauses that may follow."""
    draw = writer.draw
    writer.write(indent, "try:")
    if draw.random() < 0.3:
        writer.write(indent + 1, f"return {writer.expression(draw.choice(RETURNED))}")
    else:
        writer.inside(indent, draw.choice((1, 1, 2)))
    clauses = draw.choice((1, 1, 1, 2, 0))
    for kind in draw.sample(CAUGHT, clauses):
        name = f"e{writer.new()}" if draw.random() < 0.25 else ""
        writer.write(indent, f"except {kind} as {name}:" if name else f"except {kind}:")
        chosen = draw.random()
        if chosen < 0.1:
            writer.write(indent + 1, "raise")
        elif chosen < 0.2:
            cause = draw.choice(("", " from None", f" from {name}" if name else ""))
            raised = f"{draw.choice(('ValueError', 'KeyError'))}({writer.expression('str', 1)})"
            writer.write(indent + 1, f"raise {raised}{cause}")
        elif chosen < 0.4:
            shown = f"(str({name}), {writer.expression('int', 1)})" if name else "'caught'"
            writer.write(indent + 1, f"return {shown}")
        else:
            writer.inside(indent, 1)
    if clauses and draw.random() < 0.15:
        writer.write(indent, "else:")
        writer.inside(indent, 1)
    if not clauses or draw.random() < 0.15:
        writer.write(indent, "finally:")
        writer.inside(indent, 1)
