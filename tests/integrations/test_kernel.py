"""A real Jupyter kernel: it is interrupted, and what it shows is updated in place."""

from __future__ import annotations

import os
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import catzilla_jit
from catzilla_jit.pools.native import library

pytest.importorskip("ipykernel")
jupyter = pytest.importorskip("jupyter_client.manager")

ROOT = pathlib.Path(catzilla_jit.__file__).parent.parent
PROMPT_SECONDS = 0.2  # beyond what interrupting a sleep takes
needs_native = pytest.mark.skipif(
    library.unavailable() is not None, reason="only native workers can be stopped"
)

ENDLESS = """
import numpy as np
from catzilla_jit import gather, task

@task(compile_to_c="require")
def endless(x: float) -> float:
    while x < 10.0:
        x = x * 0.999 + 0.0001
    return x

endless.warm_up()
None
"""


class Kernel:
    """A kernel and its client."""

    def __init__(self, manager: Any, client: Any) -> None:
        self._manager = manager
        self._client = client

    def run(self, code: str, then: Callable[[dict[str, Any]], None] = lambda _: None) -> list[Any]:
        """Run a cell, telling `then` of each message; return the messages."""
        request = self._client.execute(code)
        messages = []
        while True:
            message = self._client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != request:
                continue
            messages.append(message)
            then(message)
            if message["content"].get("execution_state") == "idle":
                return messages

    def interrupt(self) -> float:
        """Do what "interrupt kernel" does; return when."""
        now = time.monotonic()
        self._manager.interrupt_kernel()
        return now

    def seconds_to_the_prompt(self, statement: str) -> float:
        """Interrupt an endless statement; return how long until the cell had ended."""
        began = []

        def interrupt(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                time.sleep(0.05)  # not for order: the kernel shall be inside of its wait
                began.append(self.interrupt())

        messages = self.run(f"print('soon'); {statement}", interrupt)
        ended = time.monotonic()
        assert [m["content"]["ename"] for m in messages if m["msg_type"] == "error"] == [
            "KeyboardInterrupt"
        ]
        return ended - began[0]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    home = str(tmp_path_factory.mktemp("jupyter"))
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": home, "JUPYTER_DATA_DIR": home}
    manager, client = jupyter.start_new_kernel(
        startup_timeout=120, kernel_name="python3", env=environ
    )
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.context.destroy()


@needs_native
@pytest.mark.parametrize(
    "statement",
    [
        "endless.map(np.zeros(100))",
        "endless.map(np.zeros(100), progress=True)",
        "endless.submit(0.0).result()",
        "gather(endless.submit(0.0), endless.submit_map(np.zeros(10)))",
    ],
)
def test_interrupted_wait_gives_the_prompt_back_and_the_next_cell_works(kernel, statement):
    kernel.run(ENDLESS)
    # In turn with a sleep, and the best of a few: the processors are shared with other programs.
    for _ in range(5):
        usual = kernel.seconds_to_the_prompt("import time; time.sleep(100)")
        beyond = kernel.seconds_to_the_prompt(statement) - usual
        if beyond < PROMPT_SECONDS:
            break
    assert beyond < PROMPT_SECONDS
    messages = kernel.run("endless.map([20.0, 30.0]).sum()")
    shown = [m["content"]["data"] for m in messages if m["msg_type"] == "execute_result"]
    assert "50.0" in shown[0]["text/plain"]


def test_live_statistics_are_updated_in_place_until_interrupted(kernel):
    kernel.run("%load_ext catzilla_jit")
    pictures = []

    def watch(message: dict[str, Any]) -> None:
        if "display_data" in message["msg_type"]:
            pictures.append((message["msg_type"], message["content"]["transient"]["display_id"]))
            if len(pictures) == 3:
                kernel.interrupt()

    messages = kernel.run("%catzilla_stats --watch 0.05", watch)
    assert [kind for kind, _ in pictures[:3]] == ["display_data", *["update_display_data"] * 2]
    assert len({name for _, name in pictures}) == 1
    assert not any(message["msg_type"] in ("error", "stream") for message in messages)


def test_bar_is_one_display_that_ends_full(kernel):
    kernel.run("import time\nfrom catzilla_jit import task\ndef nap(x):\n    time.sleep(x)")
    messages = kernel.run("task(nap).map([0.05] * 10, progress=True)")
    pictures = [message for message in messages if "display_data" in message["msg_type"]]
    assert pictures[0]["msg_type"] == "display_data"
    assert len({picture["content"]["transient"]["display_id"] for picture in pictures}) == 1
    assert "10 of 10" in pictures[-1]["content"]["data"]["text/plain"]
