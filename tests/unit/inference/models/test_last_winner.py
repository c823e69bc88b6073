from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from agent_agency.inference.bench.machine import MeasuredOn, measured_on
from agent_agency.inference.bench.winner import Choice, Measurement, keep_measurement
from agent_agency.inference.engine_settings import EngineSettings
from agent_agency.inference.models.digests import Digests
from agent_agency.inference.models.last_winner import last_winner, measured_file
from agent_agency.inference.models.local_engine import how_run, local_model
from support.test_models import nano_model

pytest.importorskip("xllamacpp", reason="the extra local is not installed")
WON = Choice("llama.cpp", "default", 6, "measured: 9 requests/s")
DIGEST = Digests(None).of(nano_model())
HERE = measured_on(DIGEST)
SETTINGS = EngineSettings("nano", "local", path=str(nano_model()))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"AGENCY_ENGINES": str(tmp_path / "engines.toml"), "XDG_CACHE_HOME": str(tmp_path)}


def kept(environment: dict[str, str], on: MeasuredOn, choice: Choice = WON, mode: str = "short") -> None:
    keep_measurement(measured_file(environment), Measurement(on, "2026", MappingProxyType({mode: choice})))


def test_without_a_measurement_there_is_no_winner_and_nothing_to_tell(environment: dict[str, str]) -> None:
    assert last_winner(DIGEST, environment).choice is None
    assert how_run(SETTINGS, environment).note == ""


def test_a_winner_of_today_counts_and_there_is_nothing_to_tell(environment: dict[str, str]) -> None:
    kept(environment, HERE)
    found = last_winner(DIGEST, environment)
    assert (found.choice, found.mode, found.changed) == (WON, "short", ())
    assert (how_run(SETTINGS, environment).runner.width, how_run(SETTINGS, environment).note) == (6, "")


@pytest.mark.parametrize(
    ("on", "told"),
    [
        (replace(HERE, cores=HERE.cores + 1), "other cores"),
        (replace(HERE, versions=(("xllamacpp", "1"),)), "other versions"),
        (replace(HERE, processor="another", memory_gib=1), "other processor and memory,"),
    ],
)
def test_a_winner_of_other_versions_or_machines_is_used_and_that_is_told(
    environment: dict[str, str], on: MeasuredOn, told: str
) -> None:
    kept(environment, on)
    model = local_model(SETTINGS, environment)
    assert (model.engine, model.width) == ("llama.cpp", 6)
    found = how_run(SETTINGS, environment)
    assert told in found.note
    assert "what won then is used" in found.note
    assert "agency engine bench" in found.note
    assert how_run(replace(SETTINGS, engine="llama.cpp"), environment).note == ""


def test_a_winner_of_another_model_says_nothing(environment: dict[str, str]) -> None:
    kept(environment, replace(HERE, model_digest="sha256:other"))
    assert last_winner(DIGEST, environment).choice is None


def test_where_there_is_less_memory_than_then_no_more_run_at_once_than_by_default(environment: dict[str, str]) -> None:
    kept(environment, replace(HERE, memory_gib=HERE.memory_gib + 1), replace(WON, width=200))
    found = last_winner(DIGEST, environment).choice
    assert found is not None
    assert found.width <= 8


def test_a_file_that_cannot_be_read_stops_nothing_and_is_told(environment: dict[str, str]) -> None:
    bare = local_model(SETTINGS, environment)
    measured_file(environment).write_text("{", "utf-8")
    assert local_model(SETTINGS, environment) == bare
    note = how_run(SETTINGS, environment).note
    assert "cannot be read" in note
    assert "the default counts" in note
    assert measured_file(environment).read_text("utf-8") == "{"
