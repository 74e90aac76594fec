"""A random program: its source, and the types that its function is called with."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Program:
    """The last function of the source, `f`, takes one argument of each type of `parameters`."""

    source: str
    parameters: tuple[str, ...]
    seed: str  # of the arguments
    calls: int = 300
    as_map: bool = False  # the calls are elements of one map as well

    def as_json(self) -> dict[str, object]:
        return dataclasses.asdict(self)

    @staticmethod
    def of(data: dict[str, object]) -> Program:
        known = dict(data)
        known["parameters"] = tuple(known["parameters"])  # type: ignore[call-overload]
        return Program(**known)  # type: ignore[arg-type]
