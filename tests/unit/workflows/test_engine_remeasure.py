from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from agent_agency.inference.bench.judge_load import LoadShape
from agent_agency.inference.bench.machine import measured_on
from agent_agency.inference.bench.measuring_lock import measuring
from agent_agency.inference.bench.winner import Choice, Measurement, keep_measurement, load_measurements
from agent_agency.inference.models.digests import Digests
from agent_agency.inference.models.last_winner import last_winner, measured_file
from agent_agency.workflows.engine_remeasure import Measuring, hint, measure_again
from support.test_models import nano_model

pytest.importorskip("xllamacpp", reason="the extra local is not installed")
pytest.importorskip("openvino_genai", reason="the extra local is not installed")
DIGEST = Digests(None).of(nano_model())
HERE = measured_on(DIGEST)
STALE = replace(HERE, versions=(("xllamacpp", "1"),))
WON = Choice("llama.cpp", "default", 3, "measured: 9 requests/s")
SHAPE = LoadShape(rubric_tokens=48, item_tokens=16)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    environment = {"AGENCY_ENGINES": str(tmp_path / "engines.toml"), "XDG_CACHE_HOME": str(tmp_path)}
    configured(environment)
    return environment


def configured(environment: dict[str, str], more: str = "") -> None:
    text = f'[engines.nano]\nkind = "local"\npath = "{nano_model()}"\n{more}\n'
    Path(environment["AGENCY_ENGINES"]).write_text(text, "utf-8")


def stale(environment: dict[str, str], mode: str = "label") -> Path:
    path = measured_file(environment)
    keep_measurement(path, Measurement(STALE, "2026", MappingProxyType({mode: WON})))
    return path


def again(environment: dict[str, str], seconds: float = 3600.0) -> tuple[bool, list[str]]:
    told: list[str] = []
    done = measure_again("nano", environment, Measuring(told.append, seconds, SHAPE))
    return done, told


def test_what_was_measured_with_other_versions_is_measured_again_once_and_kept(environment: dict[str, str]) -> None:
    path = stale(environment)
    assert "other versions" in hint("nano", environment)
    done, told = again(environment)
    assert done
    assert "other versions" in told[0]
    assert 'remeasure = "never"' in told[0]
    assert told[-1].startswith("Measured: ")
    (kept,) = load_measurements(path)
    assert (kept.on, kept.tried, set(kept.choices)) == (HERE, True, {"label"})
    assert last_winner(DIGEST, environment).changed == ()
    assert hint("nano", environment) == ""
    assert again(environment) == (False, [])


def test_a_model_that_nobody_measured_is_left_alone_unless_its_settings_say_always(
    environment: dict[str, str],
) -> None:
    assert again(environment) == (False, [])
    assert not measured_file(environment).exists()
    configured(environment, 'remeasure = "always"')
    done, told = again(environment, seconds=0.0)
    assert done
    assert "never measured" in told[0]
    (kept,) = load_measurements(measured_file(environment))
    assert set(kept.choices) == {"short"}


@pytest.mark.parametrize("more", ['remeasure = "never"', 'engine = "llama.cpp"'])
def test_settings_that_leave_no_choice_or_want_none_are_kept_to(environment: dict[str, str], more: str) -> None:
    before = stale(environment).read_bytes()
    configured(environment, more)
    assert again(environment) == (False, [])
    assert measured_file(environment).read_bytes() == before


def test_while_another_process_measures_the_last_winner_is_used(environment: dict[str, str]) -> None:
    path = stale(environment)
    before = path.read_bytes()
    with measuring(path):
        done, told = again(environment)
    assert not done
    assert "Another process measures" in told[0]
    assert path.read_bytes() == before


def test_what_takes_too_long_is_given_up_kept_so_and_not_begun_each_time(environment: dict[str, str]) -> None:
    stale(environment)
    done, told = again(environment, seconds=0.0)
    assert done
    assert "took more than 0 seconds" in told[-1]
    winner = last_winner(DIGEST, environment)
    assert winner.choice is not None
    assert (winner.choice.engine, winner.choice.width, winner.changed) == ("llama.cpp", 3, ())
    assert "came to no end" in winner.choice.why
    assert again(environment) == (False, [])


def test_a_file_that_cannot_be_read_is_told_and_never_measured_over_unasked(environment: dict[str, str]) -> None:
    path = measured_file(environment)
    path.write_text("[", "utf-8")
    configured(environment, 'remeasure = "always"')
    assert again(environment) == (False, [])
    assert path.read_text("utf-8") == "["
    assert "cannot be read" in hint("nano", environment)


def test_what_is_no_engine_is_told_by_who_opens_it(environment: dict[str, str]) -> None:
    assert hint("nobody", environment) == ""
    assert hint("offline", environment) == ""
