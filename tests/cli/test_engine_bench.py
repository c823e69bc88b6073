from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from agent_agency.inference.bench.machine import measured_on
from agent_agency.inference.bench.measuring_lock import measuring
from agent_agency.inference.bench.winner import Choice, Measurement, keep_measurement
from agent_agency.inference.models.digests import Digests
from agent_agency.workflows.engine_remeasure import MANY
from support.test_models import nano_model
from support.warm_command import agency

pytest.importorskip("xllamacpp", reason="the extra local is not installed")
_QUICK = ("--requests", "4", "--rubric-tokens", "64", "--item-tokens", "24")


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_every_row_stands_beside_the_naive_one_and_the_winner_is_kept(tmp_path: Path, home: dict[str, str]) -> None:
    order = ("engine", "bench", "--model", str(nano_model()), "--load", "judge", *_QUICK, "--at-once", "4", "--json")
    done = agency(*order, cwd=tmp_path, env=home)
    assert done.code == 0, done.err
    document = done.document
    assert document["model"]["parameters"] > 1_000_000
    assert document["model"]["digest"].startswith("sha256:")
    naive = document["rows"][0]
    told = (naive["engine"], naive["mode"], naive["concurrency"], naive["prefix_cache"], naive["ratio_to_naive"])
    assert told == ("llama.cpp", "full", 1, False, 1.0)
    assert naive["computed_tokens"] == naive["prompt_tokens"]
    assert {(row["engine"], row["mode"]) for row in document["rows"]} == {
        (engine, mode) for engine in ("llama.cpp", "openvino") for mode in ("full", "short", "label")
    }
    for row in document["rows"]:
        assert row["requests"] == 4
        assert row["ratio_to_naive"] == pytest.approx(row["requests_per_s"] / naive["requests_per_s"], rel=1e-4)
        assert row["p50_s"] <= row["p95_s"]
        assert row["valid"] == (1.0 if row["mode"] == "short" else None)
    kept = json.loads((tmp_path / "config" / "agency" / "measured-engines.json").read_text("utf-8"))
    assert kept["measurements"][0]["choices"]["label"]["width"] == 4

    again = agency(*order, "--if-changed", cwd=tmp_path, env=home)
    assert (again.code, again.document["measured"], again.document["rows"]) == (0, False, [])
    assert again.document["choices"] == document["choices"]


def test_what_was_only_tried_stands_apart_from_the_rows(tmp_path: Path, home: dict[str, str]) -> None:
    order = (
        "engine",
        "bench",
        "--model",
        str(nano_model()),
        "--requests",
        "8",
        "--rubric-tokens",
        "48",
        "--item-tokens",
    )
    part = (*order, "16", "--engine", "llama.cpp", "--mode", "label", "--no-keep")
    done = agency(*part, "--json", cwd=tmp_path, env=home)
    document = done.document
    assert [one["concurrency"] for one in document["trials"]] == [1, 4]
    assert all(one["requests"] < 8 for one in document["trials"])
    assert {row["requests"] for row in document["rows"]} == {8}
    widths = {row["concurrency"] for row in document["rows"] if row["mode"] == "label"}
    assert widths == {1, 8, *(one["concurrency"] for one in document["trials"] if one["measured"])}
    assert "1 at once, trial: 2 of 2" in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "One model is measured at a time"),
        (("--model", "absent.gguf"), "absent.gguf"),
        (("--model", "text.gguf"), "text.gguf"),
        (("offline",), "does not run on this machine"),
        (("nobody",), "no engine 'nobody'"),
    ],
)
def test_what_cannot_be_measured_is_told_in_a_sentence(
    tmp_path: Path, home: dict[str, str], arguments: tuple[str, ...], told: str
) -> None:
    (tmp_path / "text.gguf").write_text("<html>not found</html>", "utf-8")
    done = agency("engine", "bench", *arguments, cwd=tmp_path, env=home)
    assert done.code == 2
    assert told in done.err
    assert "Traceback" not in done.err


def test_a_choice_that_cannot_be_kept_is_told_before_anything_is_measured(tmp_path: Path, home: dict[str, str]) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "agency").symlink_to("/proc", target_is_directory=True)
    done = agency("engine", "bench", "--model", str(nano_model()), *_QUICK, cwd=tmp_path, env=home)
    assert done.code == 2
    assert "cannot be kept" in done.err
    assert "--no-keep" in done.err
    assert "at once" not in done.err


def test_a_corrupt_measurement_stops_no_engine_and_a_bench_moves_it_aside(tmp_path: Path, home: dict[str, str]) -> None:
    folder = tmp_path / "config" / "agency"
    folder.mkdir(parents=True)
    (folder / "engines.toml").write_text(f'[engines.nano]\nkind = "local"\npath = "{nano_model()}"\n', "utf-8")
    (folder / "measured-engines.json").write_text('{"measurements": 1}', "utf-8")
    asked = agency("engine", "ask", "nano", "Hello", "--max-tokens", "2", cwd=tmp_path, env=home)
    assert asked.code in {0, 1}, asked.err  # cut off, or ended by itself
    assert asked.err.count("What was measured of engines cannot be read") == 1
    checked = agency("engine", "check", "nano", "--json", cwd=tmp_path, env=home).document
    noted = {one["name"]: one for one in checked["checks"]}
    assert "the default where nothing was measured" in noted["run by"]["found"]
    assert (noted["measured"]["standing"], "cannot be read" in noted["measured"]["found"]) == ("noted", True)

    part = ("--engine", "llama.cpp", "--mode", "label", "--at-once", "1", "--at-once", "4", "--json")
    done = agency("engine", "bench", "nano", *_QUICK, *part, cwd=tmp_path, env=home)
    assert done.code == 0, done.err
    assert [(row["mode"], row["concurrency"]) for row in done.document["rows"][1:]] == [("label", 1), ("label", 4)]
    assert done.document["trials"] == [], "what is asked for by name is measured whole"
    aside = Path(done.document["moved"])
    assert aside.read_text("utf-8") == '{"measurements": 1}'
    again = agency("engine", "ask", "nano", "Hello", "--max-tokens", "2", cwd=tmp_path, env=home)
    assert "measured" not in again.err


def test_long_work_measures_again_and_short_work_says_that_it_is_due(tmp_path: Path, home: dict[str, str]) -> None:
    """Another process holds the lock, so that nothing is measured here; that it is tried is what is asked."""
    folder = tmp_path / "config" / "agency"
    folder.mkdir(parents=True)
    (folder / "engines.toml").write_text(f'[engines.nano]\nkind = "local"\npath = "{nano_model()}"\n', "utf-8")
    on = replace(measured_on(Digests(None).of(nano_model())), cores=4096)
    choice = Choice("llama.cpp", "default", 2, "measured")
    kept = folder / "measured-engines.json"
    keep_measurement(kept, Measurement(on, "2026", {"short": choice}))
    with measuring(kept):
        for lines, tried in ((1, False), (MANY, True)):
            records = tmp_path / "records.jsonl"
            records.write_text("no record\n" * lines, "utf-8")
            order = ("judge", "run", "relevance", "--input", str(records), "--engine", "nano", "--repo", str(tmp_path))
            done = agency(*order, cwd=tmp_path, env=home)
            assert ("Another process measures engines" in done.err) == tried, done.err
            assert done.err.count("measured with other cores, and what won then is used") == 1
        with socket.create_server(("127.0.0.1", 0)) as taken:  # so that it ends instead of serving
            port = str(taken.getsockname()[1])
            done = agency("engine", "serve", "nano", "--port", port, cwd=tmp_path, env=home)
        assert done.code == 2
        assert "Another process measures engines" in done.err
