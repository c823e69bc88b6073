"""``agency optimize``: what is found is registered and never activated; what was asked is kept; one report for all."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent_agency.store.database import Database
from agent_agency.store.model_runs import CallTotals, totals_of
from support.command import Done
from support.command import agency as fresh_agency
from support.openai_server import serving
from support.warm_command import agency

SMALL = ("--engine", "offline", "--trials", "3", "--candidates", "2", "--demonstrations", "8")
PATIENCE_S = 60.0
PROBES = 4
"""What a server is asked to learn what it can do, before anything is judged."""


def optimize(folder: Path, home: Path, *args: str) -> Done:
    return agency("optimize", *args, cwd=folder, env={"HOME": str(home)})


def kept_calls(home: Path) -> int:
    return sum(1 for path in (home / ".cache").rglob("*") if path.is_file() and not path.name.startswith("."))


def begun(folder: Path, home: Path, *args: str) -> subprocess.Popen[bytes]:
    """A run that has kept some answers and has not ended."""
    home.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "agent_agency", "optimize", *args],
        cwd=folder,
        env={**os.environ, "HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    end = time.monotonic() + PATIENCE_S
    while kept_calls(home) < 40 and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    assert process.poll() is None, "it ended before it could be stopped"
    return process


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """One small run that was let go to its end, in an empty folder outside any repository."""
    folder, home = tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("home")
    return optimize(folder, home, "minimality", *SMALL, "--no-test", "--json"), home


class TestOneJudge:
    def test_it_says_what_was_found_and_how_sure_that_is(self, whole_run: tuple[Done, Path]) -> None:
        done, _ = whole_run
        assert done.code in {0, 1}, done.err
        document = done.document
        assert document["schema_version"] == 1
        assert document["engine"] == "offline"
        assert document["language_model"] is False
        result = document["result"]
        assert result["baseline_evaluations"] >= 20
        assert result["trials"][0]["best"] == result["search"]["baseline"]
        assert "best so far" in done.err

    def test_dspy_leaves_nothing_in_the_home_folder(self, whole_run: tuple[Done, Path]) -> None:
        _, home = whole_run
        assert {path.name for path in home.iterdir()} <= {".cache", ".local"}
        assert {path.name for path in (home / ".cache").iterdir()} == {"agency"}

    def test_a_second_run_finds_the_same_and_asks_nothing(self, whole_run: tuple[Done, Path], tmp_path: Path) -> None:
        first, home = whole_run
        asked = ("optimize", "minimality", *SMALL, "--no-test", "--json")
        again = fresh_agency(*asked, cwd=tmp_path, env={"HOME": str(home)})  # with another seed of hashes
        same = ("status", "artefact_digest", "prompt_digest", "version", "baseline", "optimised", "p_value", "trials")
        assert {key: again.document["result"][key] for key in same} == {
            key: first.document["result"][key] for key in same
        }
        assert again.document["result"]["spent"]["calls"] == 0

    def test_a_run_that_was_killed_goes_on_where_it_was(self, whole_run: tuple[Done, Path], tmp_path: Path) -> None:
        whole, _ = whole_run
        home = tmp_path / "home"
        process = begun(tmp_path, home, "minimality", *SMALL, "--no-test")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        before = kept_calls(home)
        after = optimize(tmp_path, home, "minimality", *SMALL, "--no-test", "--json")
        assert after.document["result"]["artefact_digest"] == whole.document["result"]["artefact_digest"]
        assert after.document["result"]["trials"] == whole.document["result"]["trials"]
        assert kept_calls(home) > before
        assert after.document["result"]["spent"]["calls"] < whole.document["result"]["spent"]["calls"]

    def test_ctrl_c_keeps_what_was_asked_and_registers_nothing(self, tmp_path: Path) -> None:
        home = tmp_path / "home"
        process = begun(tmp_path, home, "safety", *SMALL)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
        assert process.returncode == 130, said
        assert b"Traceback" not in said
        assert kept_calls(home) >= 40
        listed = agency("prompt", "list", "safety", "--json", cwd=tmp_path, env={"HOME": str(home)})
        assert not registered(listed.document)

    def test_a_budget_that_is_used_up_exits_3(self, tmp_path: Path) -> None:
        done = optimize(tmp_path, tmp_path, "safety", *SMALL, "--budget", "30", "--json")
        assert done.code == 3
        assert done.document["error"]["code"] == "allowance.used_up"
        assert "are kept" in done.document["error"]["fix"]
        assert kept_calls(tmp_path) >= 30

    @pytest.mark.soak
    def test_gepa_without_anything_better_says_no_op_and_exits_1(self, tmp_path: Path) -> None:
        done = optimize(tmp_path, tmp_path, "safety", "--engine", "offline", "--optimizer", "gepa", "--trials", "1")
        assert done.code in {0, 1}, done.err
        assert ("no_op" in done.out) == (done.code == 1)

    def test_an_unknown_judge_is_answered_with_those_that_there_are(self, tmp_path: Path) -> None:
        done = optimize(tmp_path, tmp_path, "relevence", "--engine", "offline")
        assert done.code == 2
        assert "relevance" in done.err


def registered(document: Any) -> list[Any]:
    """What a listing of prompts holds beside the shipped version."""
    return [one for judge in document["judges"] for one in judge["versions"] if one["version"] != 0]


def judging(body: Mapping[str, Any]) -> str:
    """No model: a double's answer that holds, or a wording where one is asked for."""
    asked = body["messages"][-1]["content"]
    if "response_format" not in body:
        return "[[ ## proposed_instruction ## ]]\nLook twice before you judge."
    lines = [
        line[1:].strip() for line in asked.split("\n") if line[:1] in {"+", "-"} and line[:3] not in {"+++", "---"}
    ]
    quote = next((line for line in lines if line), "nothing")
    answer = {"evidence": [quote], "reasoning": "So it is.", "verdict": "pass", "score": 1.0, "confidence": 0.6}
    return json.dumps({**answer, "suggestions": []})


def test_any_model_server_is_optimised_the_same_way(tmp_path: Path) -> None:
    less = ("--trials", "1", "--candidates", "2", "--demonstrations", "2")
    tiny = (*less, "--threads", "4", "--no-test", "--json")
    with serving(answer=judging, context=1_000_000) as server:
        done = optimize(tmp_path, tmp_path, "safety", "--engine", f"{server.url}#tiny", *tiny)
        asked = len(server.chats())
        again = optimize(tmp_path, tmp_path, "safety", "--engine", f"{server.url}#tiny", *tiny)
        assert len(server.chats()) <= asked + PROBES
    assert done.code in {0, 1}, done.err
    assert done.document["language_model"] is True
    assert done.document["result"]["proposals"] >= 1
    assert again.document["result"]["prompt_digest"] == done.document["result"]["prompt_digest"]
    assert again.document["result"]["spent"]["calls"] == 0
    first, second = (calls_on_record(tmp_path, each.document["result"]["run"]) for each in (done, again))
    assert 0 < first.cache_hits < first.calls
    assert second.cache_hits == second.calls > 0
    assert first.prompt_tokens > 0


def calls_on_record(home: Path, run: str) -> CallTotals:
    with Database.open(f"sqlite:///{home}/.local/share/agency/agency.db").read() as connection:
        return totals_of(connection, run)


def test_a_server_that_is_gone_is_an_error_and_no_score(tmp_path: Path) -> None:
    with serving(answer=judging) as server:
        url = server.url
    done = optimize(tmp_path, tmp_path, "safety", "--engine", f"{url}#tiny", "--trials", "1", "--json")
    assert done.code == 2
    assert done.document["error"]["code"].startswith("engine.")


class TestValidation:
    @pytest.mark.timeout(400)
    def test_it_reports_every_judge_in_an_empty_folder(self, tmp_path: Path) -> None:
        home = tmp_path / "home"
        home.mkdir()
        less = (*SMALL, "--demonstrations", "2")
        done = optimize(tmp_path, home, "validate", *less, "--json", "--out", "report/all.html")
        assert done.code in {0, 1}, done.err
        document = done.document
        assert list(document["judges"]) == ["relevance", "faithfulness", "minimality", "safety", "rubric"]
        for one in document["judges"].values():
            check_figures(one)
        assert "optimised" in {one["status"] for one in document["judges"].values()}
        assert document["report"] == str(tmp_path / "report" / "all.html")
        check_page(Path(document["report"]).read_text("utf-8"))

    def test_a_report_that_cannot_be_written_is_refused_before_the_sealed_test_is_opened(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        done = optimize(tmp_path, tmp_path, "validate", *SMALL, "--out", "file/report.html", "--json")
        assert (done.code, done.document["error"]["code"]) == (2, "file.unwritable")
        assert "best so far" not in done.err
        assert kept_calls(tmp_path) == 0

    def test_help_needs_no_dspy(self) -> None:
        code = (
            "import sys\nfrom agent_agency.cli.main import main\n"
            "try:\n    main(['optimize', 'relevance', '--help'])\nexcept SystemExit:\n    pass\n"
            "print([name for name in ('dspy', 'numpy', 'sqlalchemy', 'optuna') if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.rstrip().endswith("[]")


def check_figures(one: dict[str, Any]) -> None:
    assert 0 <= one["baseline"] <= 1
    assert one["gain"] == pytest.approx(one["optimised"] - one["baseline"], abs=2e-4)
    assert one["interval"][0] <= one["gain"] + 1e-4
    assert one["gain"] <= one["interval"][1] + 1e-4
    assert 0 <= one["p_value"] <= one["p_holm"] <= 1
    assert one["n_test"] >= 20 or one["status"] == "no_op"
    assert one["baseline_evaluations"] >= 20
    assert one["demonstrations"]["baseline"] >= 1
    if one["status"] == "optimised":
        assert one["version"] == 1
        assert one["sealed_uses"] == 1
        assert one["experiment"]


def check_page(page: str) -> None:
    assert page.startswith("<!doctype html>")
    assert "demonstration learner, not a language model" in page
    assert page.count("<svg") >= 7
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert "<script" not in page


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_the_whole_validation_run_shows_a_real_gain(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = optimize(tmp_path, home, "validate", "--engine", "offline", "--json")
    assert done.code == 0, done.err
    judges = done.document["judges"].values()
    assert all(one["n_test"] >= 100 for one in judges)
    assert sum(one["p_holm"] < 0.05 and one["gain"] > 0 for one in judges) >= 3
