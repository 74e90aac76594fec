"""The tutorial runs, and what it shows in the repository is what it shows when it is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import catzilla_jit
from catzilla_jit.pools.native import library

pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")
nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")

TUTORIAL = Path(__file__).parents[2] / "examples" / "tutorial.ipynb"


def read():
    return nbformat.read(TUTORIAL, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell):
    """Return the text that a cell shows, # for numbers and times, and the kinds of the rest."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            parts.append(output.text)
        else:
            parts.append(" ".join(sorted(output.data)))
            parts.append(re.sub(r"<Figure.*>", "a figure", output.data["text/plain"]))
    return [re.sub(r"\d[\d,.e+-]*( [nmu]?s\b)?", "#", part) for part in parts]


@pytest.mark.skipif(library.unavailable() is not None, reason="only native workers can be stopped")
def test_tutorial_runs_and_shows_what_is_kept_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("CATZILLA_JIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(Path(catzilla_jit.__file__).parents[1]))
    kept, notebook = read(), read()
    nbclient.NotebookClient(
        notebook, timeout=120, startup_timeout=120, kernel_name="python3"
    ).execute()
    for was, cell in zip(code_cells(kept), code_cells(notebook), strict=True):
        assert shown(cell) == shown(was), cell.source


def test_kept_outputs_are_of_one_run_from_the_top():
    cells = code_cells(read())
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


def test_kept_outputs_name_no_place_of_the_machine_they_were_made_on():
    for cell in code_cells(read()):
        for output in cell.outputs:
            text = "".join(str(value) for name, value in output.get("data", {}).items()
                           if name.startswith("text"))  # fmt: skip
            assert not re.search(
                r"/(home|root|tmp|usr|opt|var|work)\b", text + output.get("text", "")
            )


def test_links_lead_to_files():
    text = "\n".join(cell.source for cell in read().cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\((\.\./[^)#]+)", text)
    assert links
    assert [link for link in links if not (TUTORIAL.parent / link).exists()] == []
