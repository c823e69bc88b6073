from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.clock import SystemClock
from agent_agency.errors import EngineError
from agent_agency.inference.engine_file import read_engines
from agent_agency.inference.engine_settings import EngineChoices
from agent_agency.inference.pool.process_place import this_process
from agent_agency.inference.pool.rolled import RolledEngine
from agent_agency.inference.pool.rollout_book import RolloutBook
from agent_agency.inference.pool.rollout_limits import RolloutLimits
from agent_agency.inference.protocol import Message, Parameters, Request
from agent_agency.store import local_use, pool_events
from agent_agency.workflows.engine_pool import Engines
from agent_agency.workflows.learning_store import open_users_store
from support.test_models import nano_model

pytest.importorskip("xllamacpp")


def _engines(tmp_path: Path, more: str = "") -> Engines:
    text = f'[engines.here]\nkind = "local"\npath = "{nano_model()}"\nengine = "llama.cpp"\nwarm = true\n{more}'
    read = read_engines(text.encode(), str(tmp_path / "engines.toml"))
    assert isinstance(read, EngineChoices), read
    return Engines(read, _environment(tmp_path))


def _environment(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_a_real_model_is_loaded_in_the_pool_measured_and_let_go(tmp_path: Path) -> None:
    engines = _engines(tmp_path)
    engine = engines.engine("here")
    assert (engines.state_of("here"), engines.state_of("other")) == ("cold", "")
    engines.start("here", "other")
    request = Request((Message("user", "Is it so?"),), Parameters(max_tokens=4), deadline_s=120.0)
    assert engine.generate(request).usage.completion
    (standing,) = engines.standings()
    assert (standing.state, standing.in_flight) == ("warm", 0)
    assert engines.state_of("here|new") == "warm"
    assert standing.memory_bytes > 10 * 1024**2
    engines.close()
    with open_users_store(_environment(tmp_path)).read() as connection:
        seen = tuple(reversed(pool_events.last_events(connection, 10)))
        measured = pool_events.measured_memory(connection, "here", seen[0].setup)
        (use,) = local_use.use_of_month(connection, seen[0].at[:7])
    assert {one.process for one in seen} == {this_process()}
    assert (use.engine, use.calls, use.failed, use.completion_tokens > 0, use.latency_us > 0) == (
        "here",
        1,
        0,
        True,
        True,
    )
    assert [one.event for one in seen] == ["load", "loaded", "drain", "drained"]
    assert measured is not None
    assert measured > 10 * 1024**2


def test_models_that_no_longer_fit_together_do_not_take_turns_for_copies(tmp_path: Path) -> None:
    book = RolloutBook(open_users_store(_environment(tmp_path)), SystemClock())
    book.begin("primary", "here", "new", RolloutLimits(shadow=1.0), "ann", "")
    new = f'[engines.new]\nkind = "local"\npath = "{nano_model()}"\nengine = "llama.cpp"\n[roles]\nprimary = "here"\n'
    engines = _engines(tmp_path, f"{new}[pool]\nmemory_gb = 0.4\n")
    assert engines.engine("primary").name == "here"
    assert not isinstance(engines.engine("primary"), RolledEngine)
    engines.close()
    (told,) = book.told()
    assert (told.rollout.stage, told.standing.pairs, told.standing.agreed) == ("shadow", 2, 0)


def test_a_real_model_over_the_budget_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    engines = _engines(tmp_path, "[pool]\nmemory_gb = 0.01\n")
    with pytest.raises(EngineError, match=r"0\.01 GiB") as told:
        engines.engine("here").capabilities()
    assert told.value.stable_code == "engine.over_budget"
    engines.close()
