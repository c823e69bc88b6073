"""Modes of judging by command, with the double of a model server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.openai_server import OpenAiServer, serving
from support.warm_command import agency

LIKELY = {"fail": -0.5, "pass": -1.5, "partial": -4.0}


def _answer(body: Mapping[str, Any]) -> str:
    """Passes everything, in whichever form is asked for."""
    asked = body.get("response_format", {}).get("json_schema", {}).get("schema", {}).get("properties", {})
    if "reasoning" in asked:
        whole = {"evidence": ["It is an apple."], "reasoning": "It is one.", "verdict": "pass", "score": 0.9}
        return json.dumps({**whole, "confidence": 0.8, "suggestions": []})
    return json.dumps({name: one["enum"][0] for name, one in asked.items()}) if asked else "fail"


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with serving(likely=LIKELY, answer=_answer, context=100_000) as double:
        yield double


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "items.jsonl"
    lines = [{"output": f"It is an apple. Number {at}.", "verdict": "pass"} for at in range(44)]
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    (tmp_path / "in.jsonl").write_text('{"output": "It is an apple."}', "utf-8")
    return path


def _run(records: Path, server: OpenAiServer, *more: str) -> tuple[int, Any]:
    command = ("judge", "run", "relevance", "--engine", server.url, "--input", "in.jsonl", *more, "--json")
    done = agency(*command, cwd=records.parent)
    return done.code, done.document


def test_a_run_in_each_mode_has_its_own_version_and_says_what_is_not_known_of_it(
    records: Path, server: OpenAiServer
) -> None:
    told = {mode: _run(records, server, "--mode", mode)[1] for mode in ("full", "short", "label")}
    assert {mode: one["mode"] for mode, one in told.items()} == {one: one for one in told}
    assert len({one["version"] for one in told.values()}) == 3
    assert {mode: one["by_verdict"] for mode, one in told.items()} == {
        "full": {"pass": 1},
        "short": {"pass": 1},
        "label": {"fail": 1},
    }
    assert told["full"]["notes"] == []
    assert "not calibrated" in told["label"]["notes"][0]
    scored = told["label"]["outcomes"][0]["assessment"]["scored"]
    assert scored["calibration"] == ""
    assert sum(scored["probabilities"].values()) == pytest.approx(1)
    assert told["short"]["tokens"]["calls"] == 1


def test_labels_are_calibrated_measured_and_then_told_of(records: Path, server: OpenAiServer) -> None:
    asked = ("relevance", "--engine", server.url, "--data", str(records))
    before = agency("judge", "modes", *asked, "--json", cwd=records.parent)
    assert before.code == 1
    rows = {one["mode"]: one for one in before.document["modes"]}
    assert rows["label"]["against_full"]["standing"] == "changes verdicts"
    assert rows["short"]["against_full"]["share"] == 1.0
    assert rows["full"]["accuracy"]["value"] == 1.0
    assert "changes verdicts" in " ".join(_run(records, server, "--mode", "label")[1]["notes"])
    made = agency("judge", "calibrate", *asked, "--agreement", "0.8", "--json", cwd=records.parent)
    assert made.code == 0, made.err
    assert made.document["cascade"] == {"held_out": 22, "decided_by_label": 22, "agreed": 22, "whole_abstained": 0}
    assert json.loads(Path(made.document["file"]).read_text())["digest"] == made.document["calibration"]["digest"]
    code, cascade = _run(records, server, "--mode", "cascade")
    assert (code, cascade["by_mode"], cascade["by_verdict"]) == (0, {"label": 1}, {"pass": 1})
    after = agency("judge", "modes", *asked, "--mode", "cascade", "--items", "40", cwd=records.parent)
    assert "full" in after.out
    assert "95%" in after.out or "100%" in after.out


def test_what_is_measured_and_fitted_is_shown_in_a_few_lines(records: Path, server: OpenAiServer) -> None:
    asked = ("relevance", "--engine", server.url, "--data", str(records))
    made = agency("judge", "calibrate", *asked, "--no-limits", cwd=records.parent)
    assert "temperature" in made.out
    assert "held out 22 items" in made.out
    shown = agency("judge", "modes", *asked, "--mode", "short", "--items", "10", cwd=records.parent)
    assert "10/10" in shown.out
    assert "may change verdicts" in shown.out


@pytest.mark.parametrize("command", [("run", "--input", "in.jsonl", "--mode", "label"), ("calibrate",)])
def test_an_engine_without_labels_is_one_sentence(records: Path, command: tuple[str, ...]) -> None:
    done = agency("judge", command[0], "relevance", "--engine", "offline", *command[1:], cwd=records.parent)
    assert (done.code, done.out) == (2, "")
    assert "log-probabilities of labels" in done.err


def test_a_cascade_without_a_calibration_is_refused(records: Path, server: OpenAiServer) -> None:
    code, told = _run(records, server, "--mode", "cascade")
    assert (code, told["error"]["code"]) == (2, "judge.not_calibrated")


def test_a_line_without_a_right_verdict_is_named(records: Path, server: OpenAiServer) -> None:
    records.write_text('{"output": "x", "verdict": "good"}', "utf-8")
    done = agency(
        *("judge", "calibrate", "relevance", "--engine", server.url, "--data", str(records)), cwd=records.parent
    )
    assert done.code == 2
    assert "items.jsonl" in done.err
    assert "line 1" in done.err or ":1" in done.err


def test_a_card_of_a_mode_says_which(records: Path) -> None:
    done = agency(
        *("judge", "card", "safety", "--engine", "offline", "--mode", "short", "--split", "dev", "--items", "4"),
        *("--pairs", "0", "--retest", "2", "--hosts", "1", "--json"),
        cwd=records.parent,
    )
    assert done.code == 1
    assert done.document["card"]["parameters"]["mode"] == "short"
    assert "position bias was not measured" in done.document["shortfalls"]
