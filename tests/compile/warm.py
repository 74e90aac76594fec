"""Warm starts, over and over: tasks of every kind from the cache while all else happens.

In each of many fresh processes the tasks of `test_loaded.py` (prints, texts, dicts, exceptions,
clocks, a map) are run from the cache by two threads, while one thread imports Numba, one compiles a
task that no cache has, and one forks children that do the same. A process that crashes, hangs
or answers anything but what Python does ends the run, with its seed and its stacks.

    python tests/compile/warm.py [--processes 200] [--seed 0] [--parallel 2]
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap

from test_loaded import EXPECTED, KINDS

PATIENCE = 400  # seconds for one process, on a machine that has other work too
ACTIONS = """
    import ast
    import faulthandler
    import importlib
    import os
    import random
    import signal
    import threading
    import time
    import warnings

    warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads, from 3.12
    chance = random.Random(int(sys.argv[1]))
    expected = ast.literal_eval(sys.argv[2])
    # Not dump_traceback_later, whose lock a child inherits as it is.
    faulthandler.enable()
    faulthandler.register(signal.SIGALRM, chain=True)
    signal.alarm(int(sys.argv[3]))
    failures = []

    def new_task():
        space = {"n": chance.randrange(2**60)}
        exec("def new(x: int, text: str) -> str:\\n    return f'{text}{x % n}'", space)
        return task(space["new"], **options), lambda x, text: f"{text}{x % space['n']}"

    def run():
        found = outcomes()
        assert found == expected, found
        assert halves.map([1, 2]).tolist() == [0.5, 1.0]

    def compile_one():
        compiled, plain = new_task()
        assert compiled.submit(2**61, "a").result(timeout=60) == plain(2**61, "a")

    def import_numba():
        importlib.import_module(chance.choice(["numba", "numba.typed", "numba.np.linalg"]))
        import numba
        assert numba.njit(lambda x: x + 1)(1) == 2

    def fork():
        for _ in range(chance.randrange(1, 4)):
            time.sleep(chance.random() * 0.2)
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    signal.alarm(int(sys.argv[3]) // 2)
                    assert outcome(shouts.submit("ab")) == "AB!"
                    assert outcome(looks_up.submit(7)) == ("KeyError", (7,))
                    if chance.random() < 0.3:
                        compile_one()
                    code = 0
                except BaseException:
                    import traceback
                    traceback.print_exc()
                finally:
                    os._exit(code)
            assert os.waitpid(child, 0)[1] == 0

    def guarded(action, delay):
        try:
            time.sleep(delay)
            action()
        except BaseException as error:
            import traceback
            traceback.print_exc()
            failures.append(error)

    actions = [run, run, import_numba, compile_one, fork]
    chance.shuffle(actions)
    threads = [
        threading.Thread(target=guarded, args=(each, chance.random() ** 3 * 0.3))
        for each in actions
    ]
    for thread in threads:
        thread.start()
    guarded(run, 0)
    for thread in threads:
        thread.join()
    assert not failures
"""


def main() -> int:
    arguments = parsed()
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder, "warm.py")
        script.write_text(textwrap.dedent(KINDS + ACTIONS))
        root = pathlib.Path(__file__).parents[2]
        cache = str(pathlib.Path(folder, "cache"))
        environ = {**os.environ, "PYTHONPATH": str(root), "CATZILLA_JIT_CACHE_DIR": cache}

        def start(seed: int) -> tuple[int, int, str]:
            command = [sys.executable, str(script), str(seed), EXPECTED, str(PATIENCE)]
            done = subprocess.run(command, env=environ, capture_output=True, text=True)
            return seed, done.returncode, done.stdout[-2000:] + done.stderr[-60000:]

        first = arguments.seed
        filled = start(first)
        if filled[1]:
            print("the first process ended with", *filled[1:])
            return 1
        seeds = range(first + 1, first + 1 + arguments.processes)
        with concurrent.futures.ThreadPoolExecutor(arguments.parallel) as pool:
            for count, (seed, code, output) in enumerate(pool.map(start, seeds), 1):
                if code:
                    print(f"process {count} with seed {seed} ended with {code}:\n{output}")
                    pool.shutdown(wait=True, cancel_futures=True)
                    return 1
                if count % 10 == 0:
                    print(f"{count} processes", flush=True)
    print(f"{arguments.processes} processes, seeds from {first + 1}: all as in Python")
    return 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--processes", type=int, default=200)
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
