"""Take the pictures of the page in docs/pictures: idle, busy, failing; in Chromium.

    PYTHONPATH=tests .venv/bin/python tools/page_pictures.py [SECONDS]

Each state is a real server with real work, looked at after so many seconds.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from PIL import Image

ROOT = pathlib.Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
APP = """
import math
import os
import threading
import time

from catzilla_jit.web import Catzilla, TaskRoutes

app = Catzilla(use_jemalloc=False, task_routes=TaskRoutes(control=True))
app.enable_background_tasks(queue_size=2000)
mode = os.environ["MODE"]


@app.task(priority="high")
def present_value(amount: float, rate: float, years: int) -> float:
    total = 0.0
    for year in range(200):
        total += amount / (1.0 + rate) ** (years + year)
    return total


@app.task
def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@app.task(priority="low")
def charge_card(user: int, amount: float) -> float:
    time.sleep(0.02)
    if amount < 0:
        raise ValueError(f"the card of user {user} was declined")
    return amount


@app.task
def render_report(path: str) -> int:
    time.sleep(0.3)
    with open(path) as file:
        return len(file.read())


def load():
    step = 0
    while True:
        step += 1
        wave = 200 + int(150 * math.sin(step / 60))
        for number in range(wave if mode == "busy" else 20):
            present_value.submit(100.0 * number, 0.03, 10)
            normal_cdf.submit(0.1 * number)
        failing = mode == "failing" and step % 3 == 0
        app.add_task(charge_card, step, -5.0 if failing else 5.0)
        app.add_task(render_report, "/nothing/here" if failing and step % 2 else "/etc/hostname")
        if mode == "busy" and step % 4 == 0:
            for number in range(30):
                app.add_task(charge_card, number, 1.0)
        time.sleep(0.1)


if mode != "idle":
    threading.Thread(target=load, daemon=True).start()
"""


def take(browser: object, folder: pathlib.Path, state: str, dark: bool, seconds: float) -> None:
    """Save the picture of one state, as it looks on a screen; of `failing` on a telephone too."""
    from support.web_server import kill, start

    os.environ["MODE"] = state
    server = start(folder, "pictured")
    try:
        for width, name in ((1100, state), (380, f"{state}-telephone")):
            if width == 380 and state != "failing":
                continue
            page = browser.new_page(  # type: ignore[attr-defined]
                viewport={"width": width, "height": 800},
                color_scheme="dark" if dark else "light",
            )
            page.goto(server.url + "/tasks/dashboard")
            page.wait_for_selector("#connection[data-state=live]")
            time.sleep(seconds if width == 1100 else 3)
            if state == "failing":
                page.locator("#failures summary").first.click()
            picture = PICTURES / f"page-{name}.png"
            page.screenshot(path=str(picture), full_page=width == 1100)
            Image.open(picture).quantize(48).save(picture, optimize=True)  # a third of the size
            page.close()
    finally:
        kill(server)


def main() -> None:
    from playwright.sync_api import sync_playwright

    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = pathlib.Path(name)
        (folder / "pictured.py").write_text(APP)
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        for state, dark in (("idle", False), ("busy", True), ("failing", False)):
            take(browser, folder, state, dark, 3.0 if state == "idle" else seconds)
        browser.close()
    subprocess.run(["ls", "-l", str(PICTURES)], check=True)


if __name__ == "__main__":
    main()
