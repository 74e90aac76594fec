"""`catzilla-jit dashboard`: the page of another process, without a web framework."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from catzilla_jit.stats.views import page

PROGRAM = """\
import sys
from catzilla_jit import configure, task
configure(workers=1)

@task
def double(x: float) -> float:
    return 2.0 * x

for result in [double.submit(float(i)) for i in range(1000)]:
    result.result()
print("ready", flush=True)
sys.stdin.readline()
"""
PATIENCE = 20


@pytest.fixture
def dashboard(environ, tmp_path):
    """dashboard(pid): the running command, and the address that it prints."""
    started = []

    def start(pid):
        process = subprocess.Popen(
            [sys.executable, "-m", "catzilla_jit.cli", "dashboard", pid],
            env=environ, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        url = process.stdout.readline().strip()
        assert url, process.communicate()
        return process, url

    yield start
    for process in started:
        process.kill()
        process.communicate()


def port_of(url):
    return int(url.rpartition(":")[2].partition("/")[0])


def refused(url, **more):
    """Return the code that a request is refused with, None if it is not."""
    request = urllib.request.Request(url, **more)
    try:
        urllib.request.urlopen(request, timeout=PATIENCE).close()
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    return None


def first_snapshot(url):
    with urllib.request.urlopen(url.replace("dashboard", "live"), timeout=PATIENCE) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        for line in stream:
            if line == b"event: snapshot\n":
                return json.loads(next(stream).partition(b" ")[2])
    raise AssertionError("the stream has ended")


def test_snapshot_has_the_counts_of_the_other_process(dashboard, pid):
    _, url = dashboard(pid)
    snapshot = first_snapshot(url)
    assert snapshot["pid"] == int(pid)
    assert snapshot["totals"]["total_tasks_processed"] == 1000
    assert snapshot["control"] is False
    (double,) = snapshot["tasks"]
    assert (double["name"], double["processed"], double["lanes"]) == ("double", 1000, ["compiled"])
    assert double["registered"]["state"] == "compiled"


@pytest.mark.parametrize("path", sorted(page.FILES))
def test_files_are_served_with_a_policy_that_allows_nothing_inline(dashboard, pid, path):
    _, url = dashboard(pid)
    with urllib.request.urlopen(url.replace("dashboard", path), timeout=PATIENCE) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.read() == page.read(path)[0]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_requests_that_name_another_host_are_refused(dashboard, pid):
    _, url = dashboard(pid)
    connection = http.client.HTTPConnection("127.0.0.1", port_of(url), timeout=PATIENCE)
    for host in ("evil.example", f"evil.example:{port_of(url)}", "127.0.0.1:1"):
        connection.request("GET", "/live", headers={"Host": host})
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:9]) == (403, b"this page")
    connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start programs of other users")
def test_other_users_of_the_machine_are_refused(dashboard, pid):
    _, url = dashboard(pid)
    port = port_of(url)
    request = f"GET /dashboard HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n\\r\\n"
    command = f"exec 3<>/dev/tcp/127.0.0.1/{port}; printf '{request}' >&3; head -c 12 <&3"
    said = [
        subprocess.run(
            ["bash", "-c", command],
            user=user, cwd="/", capture_output=True, text=True, timeout=PATIENCE,
        ).stdout
        for user in (0, 65534)
    ]  # fmt: skip
    assert said == ["HTTP/1.1 200", "HTTP/1.1 403"]


def test_it_changes_nothing(dashboard, pid):
    _, url = dashboard(pid)
    assert refused(url, data=b"{}", method="POST") == 501


def test_it_ends_with_the_process_that_it_shows(dashboard):
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdout.readline() == "ready\n"
    process, url = dashboard(str(program.pid))
    with urllib.request.urlopen(url.replace("dashboard", "live"), timeout=PATIENCE) as stream:
        assert stream.readline() == b"retry: 1000\n"
        program.communicate("\n")
        assert b"event: ended\n" in stream.read()
    assert process.wait(PATIENCE) == 0
    assert f"process {program.pid}" in process.stderr.read()


def test_ctrl_c_ends_it(dashboard, pid):
    process, _ = dashboard(pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0
    assert process.stderr.read() == ""


def test_no_more_pages_than_may_be_are_served(dashboard, pid):
    from catzilla_jit.cli.page_server import MOST_CLIENTS

    _, url = dashboard(pid)
    live = url.replace("dashboard", "live")
    streams = [urllib.request.urlopen(live, timeout=PATIENCE) for _ in range(MOST_CLIENTS)]
    assert refused(live) == 503
    for stream in streams:
        stream.close()
    until = time.monotonic() + PATIENCE
    while refused(live):  # the places of those that are gone are free again
        assert time.monotonic() < until
        time.sleep(0.2)


def test_process_without_a_runtime_is_a_failure(cli):
    # Not this one, in which a runtime of another test may still be ending.
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        result = cli("dashboard", str(process.pid))
        process.communicate()
    assert result.returncode == 3
    assert "runs no catzilla_jit runtime" in result.stderr
