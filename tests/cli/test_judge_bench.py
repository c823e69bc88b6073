"""``agency judge bench``: recorded judges are measured as they are, and nothing bad in a file goes unnoticed."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from support.llmbar import ITEMS, JUDGMENTS, needs_llmbar
from support.recorded_judges import Recorded, record, write_rows
from support.warm_command import agency

QUICK = ("--repetitions", "2", "--folds", "3")


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return record(tmp_path)


def test_judges_and_panels_are_told_as_one_document(recorded: Recorded, tmp_path: Path) -> None:
    done = agency(
        "judge", "bench", "--replay", str(recorded.judgments), "--without", "Good", *QUICK, "--json", cwd=tmp_path
    )
    assert done.code == 0, done.err
    told = done.document
    assert (told["schema_version"], told["items"], told["answers"]) == (1, 40, 400)
    assert told["subsets"] == {"easy": 20, "hard": 20}
    assert [one["judge"] for one in told["judges"]] == sorted({row["judge"] for row in recorded.judgment_rows})
    whole, without = told["panels"]["sets"]
    assert (whole["without"], whole["judges"]) == ([], 5)
    assert (without["without"], without["judges"]) == (["Good"], 3)
    assert set(whole["methods"]) == {"best single judge", "majority", "weighted", "dawid-skene", "calibrated"}
    for one in whole["methods"].values():
        low, high = one["interval"]
        assert low <= one["accuracy"] <= high
        assert one["repetitions"]["least"] <= one["accuracy"] <= one["repetitions"]["most"]
        assert set(one["subset_left_out"]["by_subset"]) == {"easy", "hard"}
    assert whole["methods"]["majority"]["over_majority"] is None
    assert whole["cascade"] is None
    assert "has no price" in whole["no_cascade"]
    assert "majority of 5 judges" in done.err


def test_a_cascade_costs_what_its_judges_cost(recorded: Recorded, tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text("[models]\nGood = 20\nFair = 1\nPoor = 1\n[strategies]\nPlain = 2\nSteps = 4\n")
    args = ("judge", "bench", "--replay", str(recorded.judgments), "--prices", str(prices), "--repetitions", "1")
    done = agency(*args, "--folds", "2", "--json", "--picture", "p.png", cwd=tmp_path)
    assert done.code == 0, done.err
    curve = done.document["panels"]["sets"][0]["cascade"]
    assert curve["stages"][-1] == {"judges": 5, "cost": 1.0}
    assert [point["cost"] for point in curve["points"]] == sorted(point["cost"] for point in curve["points"])
    assert all(0 < point["cost"] <= 1 for point in curve["points"])
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_a_table_of_prices_must_hold_every_judge(recorded: Recorded, tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text("[models]\nGood = 20\n[strategies]\nPlain = 2\n")
    args = ("judge", "bench", "--replay", str(recorded.judgments), "--prices", "prices.toml", "--repetitions", "1")
    done = agency(*args, "--folds", "2", cwd=tmp_path)
    assert done.code == 2
    assert "has no price" in done.err
    assert done.out == ""


def test_a_judges_figures_are_those_of_its_rows(recorded: Recorded, tmp_path: Path) -> None:
    done = agency("judge", "bench", "--replay", str(recorded.judgments), "--no-panels", "--json", cwd=tmp_path)
    labels = {row["item"]: row["label"] for row in recorded.item_rows}
    for one in done.document["judges"]:
        own = [row for row in recorded.judgment_rows if row["judge"] == one["judge"]]
        right = sum(row["winner"] == labels[row["item"]] for row in own)
        first = sum(row["winner"] == row["order"][0] for row in own)
        assert one["accuracy"]["value"] == pytest.approx(right / len(own), abs=1e-6)
        assert one["first_share"]["value"] == pytest.approx(first / len(own), abs=1e-6)
        assert (one["answers"], one["missing"], one["abstained"], one["read_otherwise"]) == (80, 0, 0, 0)
    assert done.document["panels"] is None


def test_answers_count_by_what_they_say_and_ratings_by_their_winner(tmp_path: Path) -> None:
    made = record(tmp_path, judges={"M/Plain": 1.0, "M/Rating": 1.0}, n=4)
    rows = made.judgment_rows
    plain = [row for row in rows if row["judge"] == "M/Plain"]
    plain[0]["winner"] = {"1": "2", "2": "1"}[plain[0]["winner"]]
    plain[1]["completion"] = "Both are equally good."
    rows.remove(plain[2])
    write_rows(made.judgments, rows)
    done = agency("judge", "bench", "--replay", str(made.judgments), "--no-panels", "--json", cwd=tmp_path)
    told = {one["judge"]: one for one in done.document["judges"]}
    assert told["M/Rating"]["accuracy"]["value"] == 1
    found = told["M/Plain"]
    assert (found["answers"], found["missing"], found["abstained"], found["read_otherwise"]) == (7, 1, 1, 2)
    assert found["accuracy"]["value"] == pytest.approx((0.75 + 0.75 + 1 + 1) / 4)


def test_tables_for_people(recorded: Recorded, tmp_path: Path) -> None:
    done = agency("judge", "bench", "--replay", str(recorded.judgments), *QUICK, cwd=tmp_path)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].split() == ["judge", "accuracy,", "95", "%", "easy", "hard", *lines[0].split()[6:]]
    assert lines[1].startswith("Good/")
    assert "Panels of 5 judges" in lines
    assert any(line.startswith("calibrated ") for line in lines)


def test_page_and_picture_are_written_and_show_the_same(recorded: Recorded, tmp_path: Path) -> None:
    args = ("judge", "bench", "--replay", str(recorded.judgments), "--no-panels", "--html", "p.html", "--picture")
    assert agency(*args, "p.svg", cwd=tmp_path).code == 0
    page = (tmp_path / "p.html").read_text("utf-8")
    assert base64.b64encode((tmp_path / "p.svg").read_bytes()).decode() in page
    assert "Content-Security-Policy" in page
    assert "://" not in page


def test_a_hostile_name_stays_text(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>\x1b[2J/Plain"
    made = record(tmp_path, judges={name: 0.8, "$\\bad{$/Plain": 0.7}, subsets=("::warning::x",), n=6)
    done = agency("judge", "bench", "--replay", str(made.judgments), "--no-panels", "--html", "p.html", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "\x1b" not in done.out
    assert not any(line.lstrip().startswith("::") for line in done.out.splitlines())
    assert "<script>" not in (tmp_path / "p.html").read_text("utf-8")


def test_a_bad_row_is_named_by_file_and_line_and_nothing_is_left(recorded: Recorded, tmp_path: Path) -> None:
    write_rows(recorded.judgments, [*recorded.judgment_rows[:4], {"item": "item-000"}])
    done = agency(
        "judge", "bench", "--replay", str(recorded.judgments), "--html", "p.html", "--picture", "p.svg", "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.code == 2
    error = done.document["error"]
    assert (Path(error["path"]).name, error["line"]) == ("judgments.jsonl.gz", 5)
    assert error["fix"]
    assert "Traceback" not in done.err
    assert not list(tmp_path.glob("*p.*"))


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--without", "Nobody"), "Nobody"),
        (("--without", "Good,,Fair"), "names of models"),
        (("--without", "Good,Fair,Poor"), "No judge is left"),
        (("--picture", "p.gif"), "p.gif"),
        (("--html", "nowhere/p.html"), "nowhere/p.html"),
        (("--picture", "."), "is no name of a picture"),
        (("--folds", "1"), "folds"),
    ],
)
def test_what_cannot_be_measured_is_told(args: tuple[str, ...], told: str, recorded: Recorded, tmp_path: Path) -> None:
    done = agency("judge", "bench", "--replay", str(recorded.judgments), *args, cwd=tmp_path)
    assert done.code == 2
    assert told in done.err
    assert done.out == ""


def test_a_misspelt_command_is_answered_with_what_was_meant(tmp_path: Path) -> None:
    done = agency("judge", "bnch", cwd=tmp_path)
    assert done.code == 2
    assert "agency judge bench" in done.err


@needs_llmbar
def test_the_recorded_judges_are_reproduced(tmp_path: Path) -> None:
    done = agency(
        "judge", "bench", "--replay", str(JUDGMENTS), "--items", str(ITEMS), "--no-panels", "--json", cwd=tmp_path
    )
    told = {one["judge"]: one for one in done.document["judges"]}
    assert len(told) == 65
    assert max(one["accuracy"]["value"] for one in told.values()) == pytest.approx(0.8891, abs=1e-4)
    assert told["PaLM2/CoT"]["read_otherwise"] == 99
    assert sum(one["answers"] for one in told.values()) == 31_070
