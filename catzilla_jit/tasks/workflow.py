"""Workflows that are submitted like a task: a Chain one after the other, a Group side by side.

Each submission is one promise whose keeper submits the steps. The results of the steps are
the keeper's own: nobody else can read them, so what is cancelled or fails takes with it what
has not ended.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Protocol

from ..pools.interrupt import shielded
from ..pools.protocol import Backend
from ..pools.watch import outcome, watch
from ..runtime.promise import Gathering, Keeper
from ..runtime.result import TaskResult
from . import default


class Submittable(Protocol):
    """A Task, a Chain or a Group."""

    @property
    def name(self) -> str: ...
    @property
    def submit(self) -> Any: ...
    def bind(self) -> Place: ...


class Place(Protocol):
    """Where submissions go."""

    @property
    def backend(self) -> Backend: ...


@dataclasses.dataclass(frozen=True, slots=True)
class _Nowhere:
    """The place of a group without tasks."""

    backend: Backend


def _checked(name: str, steps: Sequence[Any]) -> tuple[Any, ...]:
    for step in steps:
        if not (hasattr(step, "submit") and hasattr(step, "bind")):
            raise TypeError(f"{name}: expected a task, a chain or a group, not {step!r}")
    return tuple(steps)


class Chain:
    """Tasks of which each gets the result of the one before; made by `chain`."""

    __slots__ = ("steps",)

    def __init__(self, steps: Sequence[Submittable]) -> None:
        self.steps: tuple[Submittable, ...] = _checked("chain", steps)
        if not self.steps:
            raise TypeError("chain: expected at least one task")

    @property
    def name(self) -> str:
        """What its results are named by."""
        return "chain"

    def __repr__(self) -> str:
        return f"chain({', '.join(_name(step) for step in self.steps)})"

    def bind(self) -> Place:
        """Compile the tasks and start their runtimes; return the place of the first."""
        # Not when a step's turn comes: compiling would hold up the dispatcher, and a runtime
        # that is closing starts nothing.
        first, *_ = [step.bind() for step in self.steps]
        return first

    @shielded
    def submit(self, /, *args: Any, **kwargs: Any) -> TaskResult[Any]:
        """Submit the first task with these arguments; return the result of the last one.

        If a task fails, so does the result: with an exception of the same type and
        arguments whose cause is the original one. Cancelling the result cancels the task
        that runs.
        """
        run = _ChainRun(self.bind().backend, self.name, self.steps)
        run.begin(args, kwargs)
        return run.promise  # type: ignore[no-any-return]


class _ChainRun(Keeper):
    def __init__(self, pool: Any, name: str, steps: tuple[Submittable, ...]) -> None:
        super().__init__(pool, name)
        self._steps = iter(steps)

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        step = next(self._steps)
        try:
            inner = step.submit(*args, **kwargs)
        except BaseException as error:
            self.settle(True, error)
            raise
        self._await(inner)

    def _await(self, inner: Any) -> None:
        self.need([inner], owned=True)
        watch(inner, self._step_ended)

    def _step_ended(self, inner: Any) -> None:
        failed, value = outcome(inner)
        if failed:
            self.fail_by(inner)
        elif not self._settled:
            self._go_on(value)

    def _go_on(self, value: Any) -> None:
        step = next(self._steps, None)
        if step is None:
            self.settle(False, value)
            return
        try:
            inner = self.submit(lambda: step.submit(value))
        except BaseException as error:
            self.settle(True, error)
            return
        self._await(inner)


class Group:
    """Tasks that get the same arguments and run side by side; made by `group`."""

    __slots__ = ("tasks",)

    def __init__(self, tasks: Sequence[Submittable]) -> None:
        self.tasks: tuple[Submittable, ...] = _checked("group", tasks)

    @property
    def name(self) -> str:
        """What its results are named by."""
        return "group"

    def __repr__(self) -> str:
        return f"group({', '.join(_name(task) for task in self.tasks)})"

    def bind(self) -> Place:
        """Compile the tasks and start their runtimes; return the place of the first."""
        if not self.tasks:
            return _Nowhere(default.get_runtime().start())
        first, *_ = [task.bind() for task in self.tasks]
        return first

    @shielded
    def submit(self, /, *args: Any, **kwargs: Any) -> TaskResult[list[Any]]:
        """Submit every task with these arguments; return the result of the list of results.

        As soon as one fails, so does the result: with an exception of the same type and
        arguments whose cause is the original one; the other tasks are cancelled. Cancelling
        the result cancels them all.
        """
        run = _GroupRun(self.bind().backend, self.name)
        run.begin(self.tasks, args, kwargs)
        return run.promise  # type: ignore[no-any-return]


class _GroupRun(Keeper):
    def begin(
        self, tasks: Sequence[Submittable], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        inners: list[Any] = []
        try:
            for task in tasks:
                inners.append(task.submit(*args, **kwargs))
        except BaseException as error:
            self.settle(True, error)
            _cancel(inners)
            raise
        self.need(inners, owned=True)
        if inners:
            Gathering(inners, lambda values: self.settle(False, values), self._inner_failed)
        else:
            self.settle(False, [])

    def _inner_failed(self, inner: Any) -> None:
        inners = self._needed
        self.fail_by(inner)
        _cancel(inners)


def _cancel(inners: Sequence[Any]) -> None:
    for inner in inners:
        inner.cancel()


def _name(step: Submittable) -> str:
    return repr(step) if isinstance(step, (Chain, Group)) else step.name


def chain(*tasks: Submittable) -> Chain:
    """Return a workflow that runs the tasks one after the other.

    chain(a, b, c).submit(*args) submits a(*args); b gets its result, c that of b. A Chain
    stands wherever a task can be submitted: in `then`, in chains, in groups.
    """
    return Chain(tasks)


def group(*tasks: Submittable) -> Group:
    """Return a workflow that runs the tasks side by side with the same arguments.

    group(a, b).submit(*args) returns the result of [a(*args), b(*args)]. A Group stands
    wherever a task can be submitted: in `then`, in chains, in groups.
    """
    return Group(tasks)
