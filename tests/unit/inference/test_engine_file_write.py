from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from agent_agency.errors import AgencyError, EngineError, FileUnwritableError
from agent_agency.inference.engine_file import load_engines
from agent_agency.inference.engine_file_edit import with_engine
from agent_agency.inference.engine_file_write import change_engines


def _add(environment: dict[str, str], name: str) -> None:
    change_engines(environment, lambda text: with_engine(text, name, {"kind": "offline"}))


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    environment = {"AGENCY_ENGINES": str(tmp_path / "deep" / "engines.toml")}
    names = [f"e{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(_add, environment), names))
    assert sorted(load_engines(environment).engines) == sorted(names)
    assert Path(environment["AGENCY_ENGINES"]).stat().st_mode & 0o777 == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("# mine\n")
    (tmp_path / "engines.toml").symlink_to(tmp_path / "real.toml")
    _add({"AGENCY_ENGINES": str(tmp_path / "engines.toml")}, "a")
    assert (tmp_path / "engines.toml").is_symlink()
    assert (tmp_path / "real.toml").read_text().startswith("# mine\n")


@pytest.mark.parametrize("data", [b'[engines.a]\nkind = "no"\n', b"\xff\xfe", b"[engines"])
def test_a_wrong_file_is_not_touched(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "engines.toml"
    path.write_bytes(data)
    with pytest.raises(AgencyError):
        _add({"AGENCY_ENGINES": str(path)}, "b")
    assert path.read_bytes() == data


def test_a_change_that_would_make_the_file_wrong_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "engines.toml"
    path.write_text("# mine\n")
    with pytest.raises(EngineError) as caught:
        change_engines({"AGENCY_ENGINES": str(path)}, lambda text: f'{text}[engines.a]\nkind = "no"\n')
    assert caught.value.stable_code == "engine.config"
    assert path.read_text() == "# mine\n"
    assert sorted(one.name for one in tmp_path.iterdir()) == [".engines.toml.lock", "engines.toml"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileUnwritableError):
        _add({"AGENCY_ENGINES": str(tmp_path / "file" / "engines.toml")}, "a")
