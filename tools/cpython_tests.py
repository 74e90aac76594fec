"""Run CPython's own tests of ThreadPoolExecutor on catzilla_jit.Executor.

They come with the interpreter (the package `test`), or with Debian's libpython3.X-testsuite of the
same minor version. All test classes that are named after the thread pool run, with Executor in
the place of ThreadPoolExecutor, also in the programs that they start. Exit status 0: all pass; 77:
the tests are not here.

usage: python tools/cpython_tests.py [PART_OF_A_NAME...]
"""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.thread
import importlib
import pathlib
import sys
import types
import unittest
from collections.abc import Iterator
from typing import Any

import catzilla_jit

NOT_HERE = 77
DEBIAN = pathlib.Path(f"/usr/lib/python3.{sys.version_info.minor}/test")
#: What a program does first that a test starts.
PREAMBLE = """\
import test; test.__path__ += [{debian!r}] if {debian!r} not in test.__path__ else []
import concurrent.futures, concurrent.futures.thread, catzilla_jit
concurrent.futures.ThreadPoolExecutor = catzilla_jit.Executor
concurrent.futures.thread.ThreadPoolExecutor = catzilla_jit.Executor
"""


class ThreadPoolExecutor(catzilla_jit.Executor):
    """Ours by the name that the tests write into the programs they start."""


def find() -> list[types.ModuleType]:
    """Return the modules with the tests; none: this machine does not have them."""
    try:
        import test

        if not list(pathlib.Path(test.__path__[0]).glob("test_concurrent_futures*")):
            test.__path__.append(str(DEBIAN))
        package: Any = importlib.import_module("test.test_concurrent_futures")
    except ImportError:
        return []
    if not hasattr(package, "__path__"):
        return [package]
    folder = pathlib.Path(package.__path__[0])
    names = sorted(path.stem for path in folder.glob("test_*.py"))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


def cases(module: types.ModuleType) -> Iterator[type[unittest.TestCase]]:
    """Return the test classes of thread pools, with Executor in place of the standard one."""
    for name, value in sorted(vars(module).items()):
        if isinstance(value, type) and issubclass(value, unittest.TestCase):
            kind = getattr(value, "executor_type", None)
            if kind is ThreadPoolExecutor and value.__module__ in (module.__name__, __name__):
                assert "ThreadPool" in name, name
                yield value


def start_programs_with_ours(module: types.ModuleType) -> None:
    run = getattr(module, "assert_python_ok", None)
    if run is None:
        return
    preamble = PREAMBLE.format(debian=str(DEBIAN))

    def assert_python_ok(*arguments: str, **options: Any) -> Any:
        given = list(arguments)
        given[given.index("-c") + 1] = preamble + given[given.index("-c") + 1]
        return run(*given, **options)

    vars(module)["assert_python_ok"] = assert_python_ok


def main() -> int:
    concurrent.futures.ThreadPoolExecutor = ThreadPoolExecutor  # type: ignore[misc]
    concurrent.futures.thread.ThreadPoolExecutor = ThreadPoolExecutor  # type: ignore[misc]
    suite = unittest.TestSuite()
    for module in find():
        start_programs_with_ours(module)
        for case in cases(module):
            for test in unittest.defaultTestLoader.loadTestsFromTestCase(case):
                if not sys.argv[1:] or any(part in str(test) for part in sys.argv[1:]):
                    suite.addTest(test)
    if not suite.countTestCases():
        print(f"Python {sys.version.split()[0]}: no package `test` with these tests; skipped")
        return NOT_HERE
    outcome = unittest.TextTestRunner(verbosity=1).run(suite)
    bad = len(outcome.failures) + len(outcome.errors)
    ran = outcome.testsRun - len(outcome.skipped)
    print(f"Python {sys.version.split()[0]}: {ran - bad} of {ran} passed")
    return 0 if outcome.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
