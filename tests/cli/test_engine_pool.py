from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent_agency.clock import SystemClock, rfc3339
from agent_agency.inference.engine_file import read_engines
from agent_agency.inference.engine_settings import EngineChoices, SpendLimits
from agent_agency.inference.pool.history import StoredHistory
from agent_agency.inference.pool.machine_memory import setup_of
from agent_agency.inference.pool.process_place import place_of, this_process
from agent_agency.inference.spend.book import Bound, Price, SpendBook
from agent_agency.store import evaluations, labels
from agent_agency.store.database import Database
from agent_agency.store.evaluation_record import recorded
from agent_agency.store.pool_events import PoolEvent
from agent_agency.workflows.active_prompt import active_prompt
from support.evaluations import evaluation, label
from support.openai_server import OpenAiServer, serving
from support.warm_command import agency

PRICES = 'price_per_million_prompt = 1\nprice_per_million_completion = 2\ncurrency = "EUR"\n'
MIB = 1024**2
ROLES = '[roles]\nprimary = "old"\n'


@pytest.fixture
def world(tmp_path: Path) -> dict[str, str]:
    return {
        "AGENCY_ENGINES": str(tmp_path / "engines.toml"),
        "AGENCY_STORE_URL": f"sqlite:///{tmp_path}/store/store.db",
        "AGENCY_TASK": "a task",
    }


def _store(tmp_path: Path) -> Database:
    return Database.open(f"sqlite:///{tmp_path}/store/store.db")


def _engine(name: str, server: OpenAiServer | None = None, more: str = "") -> str:
    url = "http://127.0.0.1:9/v1" if server is None else server.url
    return f'[engines.{name}]\nkind = "openai"\nurl = "{url}"\nmodel = "tiny"\n{more}'


def _write(tmp_path: Path, text: str) -> None:
    (tmp_path / "engines.toml").write_text(text)


def test_a_call_is_paid_shown_capped_and_stopped(tmp_path: Path, world: dict[str, str]) -> None:
    with serving(kind="vllm") as server:
        _write(tmp_path, _engine("big", server, PRICES) + '[spend]\nmonth = 1\ntask = "0.004"\ncurrency = "EUR"\n')
        assert agency("engine", "ask", "big", "Is it so?", cwd=tmp_path, env=world).code == 0
        spend = agency("engine", "spend", "--json", cwd=tmp_path, env=world).document["spend"]
        asked = len(server.requests)
        big = agency("engine", "ask", "big", "x", "--max-tokens", "2000", cwd=tmp_path, env=world)
        assert (
            agency("engine", "spend", "stop", "--who", "ann", "--reason", "a bill", cwd=tmp_path, env=world).code == 0
        )
        stopped = agency("engine", "ask", "big", "x", "--json", cwd=tmp_path, env=world)
        told = agency("engine", "spend", cwd=tmp_path, env=world)
        assert len(server.requests) == asked
        assert agency("engine", "spend", "resume", "--who", "ann", cwd=tmp_path, env=world).code == 0
        assert agency("engine", "ask", "big", "x", cwd=tmp_path, env=world).code == 0
    assert spend["caps"] == {"month_micro": 1_000_000, "task_micro": 4000}
    assert (spend["tasks"][0]["task"], spend["spent"]["calls"], spend["spent"]["open"]) == ("a task", 1, 0)
    assert 0 < spend["spent"]["settled_micro"] < 100
    assert (big.code, "left of the 0.004 EUR for the task a task" in big.err) == (3, True)
    assert (stopped.code, stopped.document["error"]["code"]) == (3, "spend.stopped")
    assert "Remote calls are stopped, by ann" in told.out


def test_a_reservation_that_was_cut_off_is_listed_until_somebody_releases_it(
    tmp_path: Path, world: dict[str, str]
) -> None:
    _write(tmp_path, _engine("big", None, PRICES))

    class LongAgo:
        def now(self) -> datetime:
            return datetime.now(UTC) - timedelta(hours=5)

    for clock, name in ((LongAgo(), "old"), (SystemClock(), "young")):
        book = SpendBook(_store(tmp_path), SpendLimits(), "t", clock, lambda name=name: name)  # type: ignore[misc]
        book.reserve("big", Price(1_000_000, 0, "EUR"), Bound(100, 0, 30.0))
    found = agency("engine", "spend", "--json", cwd=tmp_path, env=world).document["spend"]
    assert [(one["id"], one["stale"]) for one in found["open"]] == [("S-old", True), ("S-young", False)]
    assert "S-old of big for t, 0.0001 EUR: stale" in agency("engine", "spend", cwd=tmp_path, env=world).out.replace(
        "\n", " "
    )
    nothing = agency("engine", "spend", "release", "--who", "ann", cwd=tmp_path, env=world)
    assert (nothing.code, "No reservation is named" in nothing.err) == (2, True)
    unknown = agency("engine", "spend", "release", "S-none", "--stale", "--who", "ann", cwd=tmp_path, env=world)
    assert (unknown.code, "There is no open reservation" in unknown.err) == (2, True)
    done = agency("engine", "spend", "release", "--stale", "--who", "ann", cwd=tmp_path, env=world)
    assert done.out == "Released 1: S-old.\n"
    again = agency("engine", "spend", "--json", cwd=tmp_path, env=world).document["spend"]
    assert [one["id"] for one in again["open"]] == ["S-young"]


def test_a_role_is_given_over_taken_back_and_shown(tmp_path: Path, world: dict[str, str]) -> None:
    with serving(kind="vllm") as server:
        _write(tmp_path, _engine("old", server) + _engine("new", server) + ROLES)
        begun = agency(
            "engine",
            "roll",
            "start",
            "primary",
            "new",
            "--who",
            "ann",
            "--shadow",
            "1",
            "--json",
            cwd=tmp_path,
            env=world,
        )
        twice = agency("engine", "roll", "start", "primary", "new", "--who", "ann", cwd=tmp_path, env=world)
        assert agency("engine", "ask", "primary", "Is it so?", cwd=tmp_path, env=world).code == 0
        shown = agency("engine", "roll", "show", cwd=tmp_path, env=world).out
        early = agency("engine", "roll", "finish", "primary", "--who", "ann", cwd=tmp_path, env=world)
        back = agency(
            "engine", "roll", "back", "primary", "--who", "bob", "--reason", "odd", "--json", cwd=tmp_path, env=world
        )
    (roll,) = begun.document["rollouts"]
    assert (roll["role"], roll["old"], roll["new"], roll["stage"]) == ("primary", "old", "new", "shadow")
    assert (twice.code, "on its way" in twice.err) == (2, True)
    assert "primary: old -> new, shadow" in shown
    assert "1 of 1 pairs agree" in shown
    assert (early.code, "at the stage shadow" in early.err) == (2, True)
    (ended,) = back.document["rollouts"]
    assert (ended["stage"], ended["steps"][-1]["who"], ended["steps"][-1]["reason"]) == ("returned", "bob", "odd")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("start", "primary", "none"), "There is no engine 'none'"),
        (("start", "primary", "old"), "has the role primary already"),
        (("start", "quality", "new"), "No engine takes the role"),
        (("start", "old", "new"), "is no role"),
        (("start", "primary", "new", "--share", "0"), "share is 0.0, and must be above 0"),
        (("back", "primary"), "No engine is on its way"),
    ],
)
def test_a_roll_that_cannot_be_is_one_sentence(
    arguments: tuple[str, ...], said: str, tmp_path: Path, world: dict[str, str]
) -> None:
    _write(tmp_path, _engine("old") + _engine("new") + ROLES)
    done = agency("engine", "roll", *arguments, "--who", "ann", cwd=tmp_path, env=world)
    assert (done.code, said in done.err, "Traceback" in done.err) == (2, True, False), done.err


def _local(tmp_path: Path, name: str, more: str = "") -> tuple[str, str]:
    """A table of a model that is none, and the digest of how it is run."""
    path = tmp_path / f"{name}.gguf"
    path.write_bytes(b"x" * 1000)
    table = f'[engines.{name}]\nkind = "local"\npath = "{path}"\n{more}'
    read = read_engines(table.encode(), "engines.toml")
    assert isinstance(read, EngineChoices), read
    return table, setup_of(read.engines[name])


def _sized(name: str, size: int, setup: str, **more: str) -> PoolEvent:
    return PoolEvent("2026-01-31T08:00:00.000Z", name, "loaded", "warm", size, setup=setup, **more)


def test_two_models_that_do_not_fit_together_begin_no_roll(tmp_path: Path, world: dict[str, str]) -> None:
    tables = {name: _local(tmp_path, name) for name in ("old", "new")}
    _write(tmp_path, "".join(one for one, _ in tables.values()) + ROLES + "[pool]\nmemory_gb = 1\n")
    StoredHistory(_store(tmp_path)).add([_sized(name, 700 * MIB, setup) for name, (_, setup) in tables.items()])
    done = agency("engine", "roll", "start", "primary", "new", "--who", "ann", cwd=tmp_path, env=world)
    assert (done.code, "take 1.37 GiB of memory, and 1.00 are there" in done.err) == (2, True), done.err


def test_the_pool_tells_what_models_take_and_what_happened(tmp_path: Path, world: dict[str, str]) -> None:
    local, setup = _local(tmp_path, "here", 'keep_alive = "10m"\nwarm = true\n')
    _write(tmp_path, local + _engine("big", None) + "[pool]\nmemory_gb = 2\n")
    before = agency("engine", "pool", "--json", cwd=tmp_path, env=world).document["pool"]
    StoredHistory(_store(tmp_path)).add([_sized("here", 1024 * MIB, setup)])
    pool = agency("engine", "pool", "--json", cwd=tmp_path, env=world).document["pool"]
    here, big = pool["models"]
    assert before["models"][0]["measured_bytes"] is None
    assert (here["estimate_bytes"], here["measured_bytes"], here["keep_alive_s"]) == (
        1300 + 300 * MIB,
        1024 * MIB,
        600.0,
    )
    assert (here["last_event"]["state"], big["estimate_bytes"], pool["budget_bytes"]) == ("warm", None, 2 * 1024 * MIB)
    told = agency("engine", "pool", cwd=tmp_path, env=world).out
    assert "1.00 GiB measured" in told
    assert "here loaded -> warm" in told
    _write(tmp_path, local + "context = 512\n")
    changed = agency("engine", "pool", "--json", cwd=tmp_path, env=world).document["pool"]["models"][0]
    assert changed["measured_bytes"] is None


def test_a_model_is_warm_only_while_the_process_lives_that_said_so(tmp_path: Path, world: dict[str, str]) -> None:
    local, setup = _local(tmp_path, "here")
    _write(tmp_path, local)

    def told() -> tuple[str, list[int]]:
        (model,) = agency("engine", "pool", "--json", cwd=tmp_path, env=world).document["pool"]["models"]
        return model["state"], [one["pid"] for one in model["processes"]]

    history = StoredHistory(_store(tmp_path))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as gone:
        history.add([_sized("here", MIB, setup, process=str(place_of(gone.pid)))])
        assert told() == ("warm", [gone.pid])
        assert f"warm in process {gone.pid}" in agency("engine", "pool", cwd=tmp_path, env=world).out
        gone.kill()
    assert told() == ("cold", [])
    history.add([_sized("here", MIB, setup, process=this_process())])
    assert told() == ("warm", [os.getpid()])
    history.add([_sized("here", MIB, setup, process="elsewhere:7:1")])
    assert "warm in process 7 of elsewhere, if that lives" in " ".join(
        agency("engine", "pool", cwd=tmp_path, env=world).out.split()
    )


def _labelled(tmp_path: Path, engine: str, right: int, version: str, seconds: float) -> None:
    """Fifty labelled answers of an engine to the safety judge's prompt that is in use."""
    database, now = _store(tmp_path), rfc3339(datetime.now(UTC))
    prompt = active_prompt(database, "safety").digest
    made = [
        evaluation(
            at=now,
            engine=engine,
            version=version,
            prompt=prompt,
            subject=f"s{at}",
            verdict="pass" if at < right else "fail",
            score=1.0 if at < right else 0.0,
            latency_s=seconds,
        )
        for at in range(50)
    ]
    with database.write() as connection:
        evaluations.add(connection, [recorded(one) for one in made])
        labels.add(connection, [labels.recorded_label(label(subject=f"s{at}")) for at in range(50)])


def test_an_engine_is_selected_by_labels_for_what_it_costs_and_each_other_is_told_why_not(
    tmp_path: Path, world: dict[str, str]
) -> None:
    none = '[engines.none]\nkind = "offline"\n'
    _write(tmp_path, "".join(_engine(name) for name in ("good", "slow", "poor", "new")) + none)
    nothing = agency("engine", "select", "--judge", "safety", "--json", cwd=tmp_path, env=world)
    assert (nothing.code, nothing.document["chosen"]) == (1, None)
    for engine, right, seconds in (("good", 47, 0.5), ("slow", 48, 5.0), ("poor", 20, 0.01)):
        _labelled(tmp_path, engine, right, f"v-{engine}", seconds)
    done = agency("engine", "select", "--judge", "safety", "--json", cwd=tmp_path, env=world)
    assert (done.code, done.document["chosen"]) == (0, "good")
    assert [one["engine"] for one in done.document["ranked"]] == ["good", "slow", "poor", "new"]
    assert [one["measured"] for one in done.document["ranked"]] == [True, True, True, False]
    assert done.document["excluded"] == [{"engine": "none", "reasons": ["it is no language model"]}]
    slow = agency("engine", "select", "--judge", "safety", "--max-latency", "1", "--json", cwd=tmp_path, env=world)
    assert "its latency is not known" in json.dumps(slow.document["excluded"])
    told = agency("engine", "select", "--judge", "safety", cwd=tmp_path, env=world)
    assert told.out.startswith("Take good.\n")
    asked = agency("engine", "select", "--judge", "safety", "--needs", "schema", cwd=tmp_path, env=world)
    assert (asked.code, "it cannot be asked" in asked.out) == (1, True)
    assert asked.out.startswith("No engine meets what is needed")
    unknown = agency("engine", "select", "--judge", "nobody", cwd=tmp_path, env=world)
    assert (unknown.code, "Traceback" in unknown.err) == (2, False)


def test_what_was_measured_of_another_file_or_costs_nobody_knows_what_is_told_so(
    tmp_path: Path, world: dict[str, str]
) -> None:
    far = '[engines.far]\nkind = "openai"\nurl = "https://models.example.com/v1"\nmodel = "m"\n'
    _write(tmp_path, _local(tmp_path, "here")[0] + far)
    for name in ("here", "far"):
        _labelled(tmp_path, name, 45, f"v-{name}", 0.5)
    document = agency("engine", "select", "--judge", "safety", "--json", cwd=tmp_path, env=world).document
    assert [(one["engine"], one["measured"], one["cost_micro"]) for one in document["ranked"]] == [
        ("far", True, None),
        ("here", False, None),
    ]
    assert document["ranked"][1]["reason"] == "not measured: its file is another one than was measured"
