"""Ctrl-C in any wait answers within 0.2 seconds and leaves the runtime usable."""

from __future__ import annotations

import pytest

SOURCE = """
    import sys, signal, threading, time, os
    import catzilla_jit
    from catzilla_jit import Runtime, as_completed, gather, task
    MODE = "require" if sys.argv[1] == "compiled" else False
    @task(compile_to_c=MODE)
    def spin(n: int) -> float:
        x = 0.0
        for i in range(n):
            x = x * 0.999 + i
        return x
    LONG = {"compiled": 1_500_000_000, "python": 30_000_000}[sys.argv[1]]
    runtime = Runtime(workers=1, queue_size=2, enable_auto_scaling=False)
    spin = runtime.task(spin)
    spin.submit(10).result()
    sent = [0.0]
    def press():
        time.sleep(0.12)
        sent[0] = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)
    def interrupted(wait):
        thread = threading.Thread(target=press)
        try:
            thread.start()
            wait()
        except KeyboardInterrupt:
            late = time.monotonic() - sent[0]
            print(f"{late:.3f}")
        else:
            print("not interrupted")
        thread.join()
    def usable():
        # Whatever was interrupted may still run: another runtime answers at once ...
        with Runtime(workers=1) as other:
            assert other.task(spin).submit(10).result(30) >= 0.0
    def cancelled(results):
        # Those that run are stopped soon after.
        while not all(result.done() for result in results): time.sleep(0.001)
        assert all(result.cancelled() for result in results), results
    def leave():
        sys.stdout.flush()
        os._exit(0)
"""

WAITS = {
    "result": "result = spin.submit(LONG); interrupted(result.result)",
    "exception": "result = spin.submit(LONG); interrupted(lambda: result.exception(60))",
    "map": "interrupted(lambda: spin.map([LONG] * 3))",
    "batch": "batch = spin.submit_map([LONG] * 3); interrupted(lambda: batch.wait(60))",
    "shutdown": "spin.submit(LONG); interrupted(runtime.shutdown)",
    "gather": (
        "results = [spin.submit(LONG) for _ in range(3)]\n"
        "    interrupted(lambda: gather(*results)); cancelled(results)"
    ),
    "gather of maps": (
        "maps = [spin.submit_map([LONG] * 3) for _ in range(2)]\n"
        "    interrupted(lambda: gather(*maps)); cancelled(maps)"
    ),
    "as_completed": (
        "results = [spin.submit(LONG), spin.submit_map([LONG] * 3)]\n"
        "    interrupted(lambda: list(as_completed(results))); cancelled(results)"
    ),
    "nested map": (
        "outer = runtime.task(lambda: spin.map([LONG] * 3), compile_to_c=False, name='outer')\n"
        "    result = outer.submit(); interrupted(lambda: gather(result)); cancelled([result])\n"
        "    assert spin.submit(10).exception(150) is None"
    ),
    "room": (
        "for _ in range(2): spin.submit(LONG)\n"
        "    interrupted(lambda: [spin.submit(LONG) for _ in range(3)])"
    ),
    "map that waits for room": (
        "for _ in range(2): spin.submit(LONG)\n"
        "    interrupted(lambda: [spin.map([LONG]) for _ in range(3)])"
    ),
    "with block": ("def block():\n        with runtime: spin.submit(LONG)\n    interrupted(block)"),
}


@pytest.mark.parametrize("wait", WAITS)
def test_interrupt_is_answered_within_a_fifth_of_a_second(script, kind, wait):
    late = []
    # Python code that computes keeps the GIL for 5 ms at a time. On a machine that has more to do
    # one answer may be late; what waits the wrong way is late each time.
    while len(late) < 3 and min(late, default=1.0) >= 0.2:
        done = script(SOURCE + f"\n    {WAITS[wait]}\n    usable()\n    leave()\n", kind)
        late.append(float(done.stdout))
    assert min(late) < 0.2, late


def test_runtime_is_usable_after_an_interrupted_wait(script, kind):
    done = script(SOURCE + """
    result = spin.submit(LONG)
    interrupted(result.result)
    spin.submit(10).exception(60)
    assert spin.submit(10).result(60) >= 0.0
    assert len(spin.map([1, 2, 3])) == 3
    runtime.shutdown()
    """, kind)  # fmt: skip
    assert done.stdout.strip() != ""
