from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent_agency.errors import FileUnwritableError, MissingExtraError
from agent_agency.inference.local.test_model.make import MadeModel, make_model
from agent_agency.inference.local.test_model.order import ModelOrder
from agent_agency.inference.local.test_model.shapes import SHAPES
from support.test_models import nano_model, tiny_model

pytest.importorskip("gguf", reason="NOT RUN: the extra 'local' is not installed")
NANO = ModelOrder(SHAPES["nano"])
_IN_LITTLE_ROOM = """
import resource, sys
from pathlib import Path
from agent_agency.errors import FileUnwritableError, MissingExtraError
from agent_agency.inference.local.test_model.make import make_model
from agent_agency.inference.local.test_model.order import ModelOrder
from agent_agency.inference.local.test_model.shapes import SHAPES
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
try:
    make_model(Path(sys.argv[1]), ModelOrder(SHAPES["nano"]), lambda written, whole: None, force=True)
except FileUnwritableError as refused:
    print(refused.message)
"""


def _make(out: Path, order: ModelOrder = NANO, *, force: bool = False) -> MadeModel:
    return make_model(out, order, lambda _written, _whole: None, force=force)


def test_the_same_order_makes_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    made = _make(tmp_path / "again.gguf")
    assert (tmp_path / "again.gguf").read_bytes() == nano_model().read_bytes()
    code = (
        "from support.test_models import *; from pathlib import Path; import sys;"
        "print(make_model(Path(sys.argv[1]), ModelOrder(SHAPES['nano']), lambda a, b: None).digest)"
    )
    search = os.pathsep.join(str(Path(__file__).parents[4 + up]) for up in (0, 1))
    environment = {**os.environ, "PYTHONPATH": search, "PYTHONHASHSEED": "77", "RAYON_NUM_THREADS": "1"}
    run = [sys.executable, "-c", code, str(tmp_path / "third.gguf")]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == made.digest


def test_another_seed_makes_another_model_of_the_same_size(tmp_path: Path) -> None:
    other = _make(tmp_path / "other.gguf", ModelOrder(SHAPES["nano"], seed=1))
    assert other.size_bytes == nano_model().stat().st_size
    assert other.path.read_bytes() != nano_model().read_bytes()


def test_progress_ends_with_the_whole(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    made = make_model(tmp_path / "a.gguf", NANO, lambda written, whole: seen.append((written, whole)))
    assert seen == sorted(seen)
    assert seen[-1] == (made.parameters, made.parameters)


def test_a_file_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "mine.gguf"
    out.write_text("mine")
    with pytest.raises(FileUnwritableError, match="there already"):
        _make(out)
    assert out.read_text() == "mine"
    _make(out, force=True)
    assert out.read_bytes() == nano_model().read_bytes()
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_is_not_replaced_and_an_absent_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileUnwritableError, match="no file"):
        _make(tmp_path, force=True)
    with pytest.raises(FileUnwritableError, match="No such file"):
        _make(tmp_path / "absent" / "a.gguf")


def test_a_full_disk_leaves_what_was_there_and_nothing_half_written(tmp_path: Path) -> None:
    out = tmp_path / "mine.gguf"
    out.write_text("mine")
    run = [sys.executable, "-c", _IN_LITTLE_ROOM, str(out)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert "could not be written" in done.stdout
    assert out.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("library", ["numpy", "tokenizers", "gguf"])
def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError) as refused:
        _make(tmp_path / "a.gguf")
    assert "'agent-agency[local]'" in refused.value.fix
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_maker_left_is_cleared_away_but_not_what_another_still_writes(tmp_path: Path) -> None:
    abandoned, in_use = (tmp_path / f".a.gguf.unfinished-{name}" for name in ("dead", "alive"))
    abandoned.write_text("half")
    with in_use.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        _make(tmp_path / "a.gguf")
    assert not abandoned.exists()
    assert in_use.exists()


def test_the_shared_models_are_made_once() -> None:
    first = tiny_model().stat()
    assert tiny_model().stat().st_mtime_ns == first.st_mtime_ns
