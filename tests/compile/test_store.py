"""The disk cache as files: what is read, what is written, and what is left alone."""

from __future__ import annotations

import os
import pathlib
import threading
from typing import Any

import pytest

from catzilla_jit.compile.cache import disk

NAME = "5" * 64
OTHER = "6" * 64


@pytest.fixture(autouse=True)
def chosen(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv(disk.VARIABLE, str(tmp_path / "chosen"))
    return tmp_path / "chosen"


@pytest.fixture
def folder(chosen: pathlib.Path) -> pathlib.Path:
    disk.write(OTHER, b"first")
    return chosen / disk.FOLDER


def test_what_was_written_is_read() -> None:
    for name in (NAME, f"{NAME}.csv"):
        disk.write(name, b"data")
        assert disk.read(name) == b"data"
        assert disk.read(OTHER) is None


def test_file_under_another_name_is_ignored(folder: pathlib.Path) -> None:
    (folder / OTHER).rename(folder / NAME)
    assert disk.read(NAME) is None


@pytest.mark.parametrize("name", ["", "name", "../name", NAME.upper() + "A", NAME + ".x", "5" * 63])
def test_name_of_another_form_is_not_written(name: str, folder: pathlib.Path) -> None:
    disk.write(name, b"data")
    assert [path.name for path in folder.iterdir()] == [OTHER]


def test_files_of_others_are_left_alone(
    chosen: pathlib.Path, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "MOST_FILES", 4)
    photographs = [place / f"{i}.jpg" for place in (chosen, folder) for i in range(9)]
    photographs += [folder / ".new-holiday", folder / (NAME + ".jpg"), chosen / NAME]
    for path in photographs:
        path.write_bytes(b"")
        os.utime(path, (0, 0))
    for number in range(9):
        disk.write(f"{number:064x}", b"data")
    assert all(path.exists() for path in photographs)
    assert len(list(folder.iterdir())) - 11 <= 4


def test_oldest_files_go_first(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "MOST_FILES", 4)
    os.utime(folder / OTHER, (10, 10))
    for number in range(4):
        disk.write(f"{number:064x}", b"data")
    assert disk.read(OTHER) is None
    assert all(disk.read(f"{number:064x}") for number in range(4))


def test_pipe_device_link_and_directory_are_ignored(
    folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    entry = folder / NAME
    os.mkfifo(entry)
    assert disk.read(NAME) is None
    entry.unlink()
    for target in ("/dev/zero", str(folder / OTHER), str(tmp_path / "nowhere"), NAME):
        entry.symlink_to(target)
        assert disk.read(NAME) is None
        entry.unlink()
    entry.mkdir()
    before = len(os.listdir("/proc/self/fd"))
    assert disk.read(NAME) is None
    disk.write(NAME, b"data")
    assert len(os.listdir("/proc/self/fd")) == before
    assert sorted(path.name for path in folder.iterdir()) == [NAME, OTHER]


def test_link_is_replaced_and_its_target_is_left_alone(
    folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"somebody's")
    (folder / NAME).symlink_to(target)
    disk.write(NAME, b"data")
    assert disk.read(NAME) == b"data"
    assert target.read_bytes() == b"somebody's"


def test_file_that_is_too_large_is_neither_read_nor_written(folder: pathlib.Path) -> None:
    with open(folder / NAME, "wb") as file:
        file.truncate(3 * 2**30)
    assert disk.read(NAME) is None
    (folder / NAME).unlink()
    disk.write(NAME, bytes(disk.MOST_BYTES))
    assert not (folder / NAME).exists()
    disk.write(NAME, bytes(disk.MOST_BYTES - disk.CHECKSUM))
    assert disk.read(NAME) is not None


def test_what_a_killed_process_left_is_removed_when_it_is_old(folder: pathlib.Path) -> None:
    old, new = folder / (".new-" + "a" * 16), folder / (".new-" + "b" * 16)
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    disk.write(NAME, b"data")
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.parametrize("error", [OSError(28, "no space"), KeyboardInterrupt()])
def test_write_that_fails_leaves_nothing(
    error: BaseException, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(disk.os, "replace", replace)
    if isinstance(error, OSError):
        disk.write(NAME, b"data")
    else:
        with pytest.raises(KeyboardInterrupt):
            disk.write(NAME, b"data")
    monkeypatch.undo()
    assert [path.name for path in folder.iterdir()] == [OTHER]


def test_our_directory_is_no_link(chosen: pathlib.Path, tmp_path: pathlib.Path) -> None:
    chosen.mkdir(mode=0o700)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (chosen / disk.FOLDER).symlink_to(tmp_path / "elsewhere")
    disk.write(NAME, b"data")
    assert disk.directory() is None
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    "places",
    [
        {"HOME": ""}, {"HOME": "relative"}, {disk.VARIABLE: "~nobody_of_this_name/cache"},
        {"XDG_CACHE_HOME": "relative", "HOME": ""},
    ],
)  # fmt: skip
def test_without_a_home_there_is_no_cache(
    places: dict[str, str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", disk.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    for name, value in places.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    disk.write(NAME, b"data")
    assert disk.directory() is None
    assert not list(tmp_path.iterdir())


def test_without_home_and_passwd_entry_there_is_no_cache(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_: int) -> Any:
        raise KeyError

    for name in ("HOME", "XDG_CACHE_HOME", disk.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    assert disk.directory() is None
    assert not list(tmp_path.iterdir())


def test_threads_that_write_and_read_see_whole_files() -> None:
    def work(number: int) -> None:
        for _ in range(50):
            disk.write(NAME, bytes([number]) * 5000)
            seen.append(disk.read(NAME))

    seen: list[bytes | None] = []
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) <= {bytes([number]) * 5000 for number in range(4)}
