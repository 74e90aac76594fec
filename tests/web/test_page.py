"""The page in a real Chromium, served by a real uvicorn."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("playwright")
from playwright.sync_api import sync_playwright

from support.web_server import PATIENCE, get, kill, post, start

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
APP = """
import threading
from catzilla_jit.web import Catzilla, TaskRoutes
from fastapi import Response

app = Catzilla(use_jemalloc=False, task_routes=TaskRoutes(control=True))
app.enable_background_tasks(workers=2)
go = threading.Event()
held = []

@app.task(compile_to_c=False)
def double(x):
    return 2 * x

@app.task(name="<img src=x onerror=alert(1)>", compile_to_c=False)
def breaks(text):
    raise ValueError(text)

@app.task(compile_to_c=False)
def holds():
    go.wait()

@app.post("/load/{count}")
def load(count: int):
    for result in [double.submit(number) for number in range(count)]:
        result.result()

@app.post("/break")
def break_():
    app.add_task(breaks, "<script>alert(2)</script>").exception()

@app.post("/hold")
def hold():
    held.append(app.add_task(holds))

@app.post("/names/{count}")
def names(count: int):
    for number in range(count):
        app.runtime.task(lambda: None, name=f"name {number:04}", compile_to_c=False).submit()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "served_app.py").write_text(APP)
    return folder


@pytest.fixture(scope="module")
def server(folder):
    """A server that the tests of this file share."""
    server = start(folder, "served_app")
    yield server
    kill(server)


@pytest.fixture
def own_server(folder):
    """A server that a test may end."""
    server = start(folder, "served_app")
    yield server
    kill(server)


def totals(server):
    return json.loads(get(server.url + "/tasks/stats")[1])["totals"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, server):
    """The page, live; what the browser complained of is empty at the end of the test."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    complaints = []
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.complaints = complaints
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(server.url + "/tasks/dashboard")
    page.wait_for_selector("#connection[data-state=live]")
    yield page
    context.close()
    assert complaints == []


def figure(page, key):
    return page.locator(f"#now [data-key={key}]").inner_text()


def wait_for_figure(page, key, text):
    page.wait_for_function(
        "([key, text]) => document.querySelector(`#now [data-key=${key}]`)?.textContent === text",
        arg=[key, text],
    )


def test_figures_agree_with_the_statistics(page, server):
    post(server.url + "/load/1500")
    processed = totals(server)["processed"]
    assert processed >= 1500
    wait_for_figure(page, "total_tasks_processed", f"{processed:,}")
    stats = json.loads(get(server.url + "/tasks/stats?detailed=true")[1])
    row = page.locator("#rows tr", has_text="double").locator("td")
    assert row.nth(2).inner_text() == f"{stats['per_task']['double']['processed']:,}"
    assert page.locator("#workers li").count() == len(stats["per_worker"])
    assert page.locator("#queues li").count() == 4
    assert f"{stats['workers']['total']} active" in page.locator("#workers-title").inner_text()
    page.wait_for_function("() => document.querySelector('#rate path').getAttribute('d').length")
    assert page.locator("#rate svg").get_attribute("aria-label").startswith("Last 1 min")


def test_names_and_messages_are_text(page, server):
    post(server.url + "/break")
    page.wait_for_selector("#failures details")
    summary = page.locator("#failures summary").first.inner_text()
    assert "<img src=x onerror=alert(1)>" in summary
    assert "<script>alert(2)</script>" in summary
    page.locator("#failures summary").first.press("Enter")  # by keyboard
    assert "raise ValueError(text)" in page.locator("#failures pre").first.inner_text()
    assert page.locator("main img, main script").count() == 0
    wait_for_figure(page, "failed", str(totals(server)["failed"]))


def test_cancel_button_cancels(page, server):
    post(server.url + "/hold")
    button = page.get_by_role("button", name="Cancel holds")
    button.click()
    page.wait_for_function(
        "() => document.getElementById('said').textContent.includes('cancelled')"
    )
    wait_for_figure(page, "cancelled_tasks", str(totals(server)["cancelled"]))
    page.wait_for_selector("#open-section", state="hidden")


def test_thousand_names_do_not_make_it_crawl(page, server):
    post(server.url + "/names/1000")
    page.wait_for_function("() => document.getElementById('count').textContent.includes('of 1,0')")
    assert page.locator("#rows tr").count() == 100
    took = page.evaluate("""() => {
        const began = performance.now();
        for (let round = 0; round < 10; round++) show(state.snapshot);
        return (performance.now() - began) / 10;
    }""")
    assert took < 200  # milliseconds, of the second between two snapshots
    page.locator("#filter").fill("name 0777")
    assert page.locator("#rows tr").count() == 1
    assert page.locator("#rows td").first.inner_text() == "name 0777"


def test_table_is_sorted_by_keyboard(page, server):
    post(server.url + "/names/3")
    page.wait_for_function(
        "() => document.getElementById('rows').textContent.includes('name 0002')"
    )
    page.locator("#filter").fill("name 000")
    head = page.get_by_role("button", name="Name")
    head.focus()
    head.press("Enter")
    names = page.locator("#rows td:first-child").all_inner_texts()
    assert names == sorted(names, key=str.lower)
    head.press("Enter")
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Name")
    assert page.locator("#rows td:first-child").all_inner_texts() == names[::-1]


def test_dropped_connection_comes_back(folder, browser, own_server):
    server = own_server
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(server.url + "/tasks/dashboard")
    page.wait_for_selector("#connection[data-state=live]")
    kill(server)
    page.wait_for_selector("#connection[data-state=lost]")
    again = start(folder, "served_app", port=int(server.url.rpartition(":")[2]))
    try:
        page.wait_for_selector("#connection[data-state=live]")
        assert f"process {again.process.pid}" in page.locator("#process").inner_text()
    finally:
        context.close()
        kill(again)


def test_it_is_readable_on_a_telephone_in_the_dark(browser, server):
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    page = context.new_page()
    page.goto(server.url + "/tasks/dashboard")
    page.wait_for_selector("#connection[data-state=live]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(18, 22, 28)"
    context.close()


def test_everything_that_can_be_operated_has_a_name(page, server):
    post(server.url + "/break")
    page.wait_for_selector("#failures details")
    nameless = page.evaluate("""() => {
        const all = document.querySelectorAll("button, input, svg, [tabindex='0']");
        const isNamed = (node) => node.getAttribute("aria-label")
            || node.getAttribute("aria-labelledby") || node.labels?.length
            || node.textContent.trim();
        return [...all].filter((node) => !isNamed(node)).map((node) => node.outerHTML);
    }""")
    assert nameless == []
    headings = page.locator("h1, h2").all_inner_texts()
    assert "Tasks" in headings


def test_server_ends_at_once_though_a_page_is_open(browser, own_server):
    context = browser.new_context()
    page = context.new_page()
    page.goto(own_server.url + "/tasks/dashboard")
    page.wait_for_selector("#connection[data-state=live]")
    began = time.monotonic()
    own_server.process.terminate()
    own_server.process.wait(PATIENCE)
    assert time.monotonic() - began < 5
    page.wait_for_selector("#connection[data-state=lost]")
    context.close()


def test_page_without_an_app_shows_another_process(browser, server, tmp_path):
    post(server.url + "/load/40")
    command = subprocess.Popen(
        [sys.executable, "-m", "catzilla_jit.cli", "dashboard", str(server.process.pid)],
        stdout=subprocess.PIPE, text=True, env={**os.environ},
    )  # fmt: skip
    context = browser.new_context()
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(command.stdout.readline().strip())
        page.wait_for_selector("#connection[data-state=live]")
        wait_for_figure(page, "total_tasks_processed", f"{totals(server)['processed']:,}")
        assert "served_app" in page.locator("#process").inner_text()
        assert page.get_by_role("button", name="Cancel").count() == 0
    finally:
        context.close()
        command.kill()
        command.communicate()
