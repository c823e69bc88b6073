"""``agency experiment`` as people run it, from the plan to the decision."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import Done
from support.warm_command import agency


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path


def _run(folder: Path, *args: str) -> Done:
    return agency("experiment", *args, cwd=folder, env={"AGENCY_STORE_URL": f"sqlite:///{folder}/agency.db"})


def _create(folder: Path, *more: str) -> None:
    plan = ("--metric", "pass", "--type", "proportion", "--baseline", "0.4", "--least-effect", "0.4")
    assert _run(folder, "create", "ab", *plan, "--salt", "s", *more).code == 0


def _write(folder: Path, name: str, *rows: object) -> str:
    (folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return name


def test_from_the_plan_to_the_decision(folder: Path) -> None:
    _create(folder)
    units = [f"u{number}" for number in range(160)]
    (folder / "units").write_text("\n".join(units))
    assigned = _run(folder, "assign", "ab", "--from", "units", "--json").document["assignments"]
    assert [one["unit"] for one in assigned] == units
    before = _run(folder, "status", "ab", "--json")
    assert (before.code, before.document["decision"], before.document["planned_n"]) == (0, "none_yet", 39)
    rows = [{"unit": one["unit"], "metric": "pass", "value": int(one["arm"] == "treatment")} for one in assigned]
    recorded = _run(folder, "record", "ab", "--from", _write(folder, "rows", *rows), "--json")
    assert (recorded.code, recorded.document["recorded"]["new"]) == (0, 160)
    told = _run(folder, "status", "ab")
    assert told.code == 0
    assert told.out.startswith("ab: effect found; decision: adopt treatment\npass: treatment less control +1 (95 %")
    assert told.out.endswith("next: Adopt treatment.\n")
    late = _run(folder, "record", "ab", "--unit", "u1", "--value", "1")
    assert (late.code, "has stopped" in late.err) == (2, True)
    assert _run(folder, "list", "--json").document["experiments"][0]["state"] == "effect_found"


def test_a_bad_line_is_named_and_nothing_of_the_file_is_recorded(folder: Path) -> None:
    _create(folder)
    _run(folder, "assign", "ab", "u1")
    good, bad = {"unit": "u1", "metric": "pass", "value": 1}, {"unit": "u3", "metric": "pass", "value": 1}
    done = _run(folder, "record", "ab", "--from", _write(folder, "rows", good, bad))
    assert done.code == 2
    assert done.err.startswith("agency: rows:2: An observation does not fit, and none was recorded: the unit 'u3' was")
    assert _run(folder, "status", "ab", "--json").document["effective_n"] == 0


def test_a_person_decides_what_was_stopped_by_hand(folder: Path) -> None:
    _create(folder, "--guardrail", "cost:mean:lower:0.5", "--arms", "old,new", "--shares", "1:3")
    assert _run(folder, "stop", "ab").code == 0
    done = _run(folder, "status", "ab")
    assert done.code == 4
    assert "guardrail cost: open" in done.out


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("create", "ab", "--metric", "m", "--type", "mean", "--least-effect", "1"), "Give --sd"),
        (("create", "ab", "--metric", "m", "--type", "mean", "--least-effect", "x", "--sd", "1"), "not a valid float"),
        (("status", "ab"), "no experiment 'ab'"),
        (("assign", "ab"), "Name at least one unit"),
        (("record", "ab"), "Give --unit and --value"),
        (("shares", "ab", "half"), "no pair of whole numbers"),
    ],
)
def test_what_cannot_be_is_one_sentence(folder: Path, args: tuple[str, ...], why: str) -> None:
    done = _run(folder, *args)
    assert (done.code, done.out) == (2, "")
    assert why in done.err
    assert done.err.count("\n") == 1


def test_two_processes_at_once_give_a_unit_one_arm_and_lose_nothing(folder: Path) -> None:
    _create(folder)
    units = [f"u{number}" for number in range(30)]
    env = {"AGENCY_STORE_URL": f"sqlite:///{folder}/agency.db"}
    script = (
        "import sys\nfrom agent_agency.cli.main import cli\n"
        "own = sys.argv[1]\n"
        "for unit in sys.argv[2:]:\n"
        "    cli.main(['experiment', 'assign', 'ab', unit, own + unit], standalone_mode=False)\n"
        "    cli.main(['experiment', 'record', 'ab', '--unit', own + unit, '--value', '1'], standalone_mode=False)\n"
    )
    import os

    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, own, *units[: 2 if own == "a" else 3]],
            cwd=folder,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            text=True,
        )
        for own in ("a", "b")
    ]
    told = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    arms = [dict(line.split("\t") for line in out.splitlines() if "\t" in line) for out in told]
    assert all(arms[0][unit] == arms[1][unit] for unit in units[:2])
    found = _run(folder, "status", "ab", "--json").document
    assert sum(found["n"].values()) == 5
