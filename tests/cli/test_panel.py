"""``agency panel`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.command import Done
from support.command import agency as fresh_agency
from support.llmbar import ITEMS, JUDGMENTS, needs_llmbar
from support.recorded_judges import Recorded, record, write_rows
from support.warm_command import agency

METHODS = ("majority", "weighted", "dawid-skene", "calibrated")
ACCURACY = {"accuracy", "n", "abstained", "interval"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("recorded"), n=60)


def _fit(made: Recorded, out: Path, method: str = "calibrated", *more: str) -> tuple[str, ...]:
    files = ("--items", str(made.items), "--judgments", str(made.judgments))
    return ("panel", "fit", *files, "--method", method, *more, "--out", str(out))


def fit(made: Recorded, out: Path, method: str = "calibrated", *more: str) -> Done:
    return agency(*_fit(made, out, method, *more), cwd=out.parent)


def score(panel: Path, items: Path, judgments: Path, *more: str) -> Done:
    files = ("--panel", str(panel), "--items", str(items), "--judgments", str(judgments))
    return agency("panel", "score", *files, *more, cwd=panel.parent)


@pytest.mark.parametrize("method", METHODS)
def test_a_panel_is_fitted_and_scores_items_of_unknown_subsets(made: Recorded, tmp_path: Path, method: str) -> None:
    panel, unseen = tmp_path / "panel.json", record(tmp_path, subsets=("never seen",), n=30, seed=7)
    assert fit(made, panel, method).code == 0
    done = score(panel, unseen.items, unseen.judgments, "--json")
    assert done.code == 0
    document = done.document
    assert ACCURACY | {"by_subset", "schema_version"} <= set(document)
    assert set(document["by_subset"]["never seen"]) == ACCURACY
    assert document["n"] == document["by_subset"]["never seen"]["n"] == 30
    assert document["interval"][0] <= document["accuracy"] <= document["interval"][1]
    assert document["accuracy"] > 0.8


def test_the_same_data_give_the_same_bytes_packed_or_plain(made: Recorded, tmp_path: Path) -> None:
    plain = tmp_path / "judgments.jsonl"
    write_rows(plain, made.judgment_rows)
    for name, judgments in (("a", made.judgments), ("b", plain)):
        again = Recorded(made.items, judgments, made.item_rows, made.judgment_rows)
        assert fresh_agency(*_fit(again, tmp_path / name), cwd=tmp_path).code == 0  # with another seed of hashes
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_models_are_left_out_by_name_and_their_rows_are_ignored(made: Recorded, tmp_path: Path) -> None:
    panel = tmp_path / "panel.json"
    assert fit(made, panel, "majority", "--without", "Good,Poor", "--json").document["judges"] == 2
    document = score(panel, made.items, made.judgments, "--json").document
    assert document["judges"] == 2
    assert document["ignored"]["other_judges"] == 3 * 2 * 60
    assert json.loads(panel.read_text("utf-8"))["training"]["without"] == ["Good", "Poor"]


def test_judges_that_are_absent_are_silent_and_named(made: Recorded, tmp_path: Path) -> None:
    panel, few = tmp_path / "panel.json", tmp_path / "few.jsonl"
    fit(made, panel)
    write_rows(few, [row for row in made.judgment_rows if row["judge"].startswith("Good") and row["order"] == "12"])
    document = score(panel, made.items, few, "--json").document
    assert len(document["silent_judges"]) == 3
    assert document["accuracy"] > 0.7


def test_a_panel_abstains_below_the_probability_that_is_asked_for(made: Recorded, tmp_path: Path) -> None:
    panel = tmp_path / "panel.json"
    fit(made, panel, "calibrated", "--abstain-below", "0.99")
    own, asked = (
        score(panel, made.items, made.judgments, "--json", *more).document for more in ((), ("--abstain-below", "0.5"))
    )
    assert own["abstained"] > asked["abstained"]
    assert own["abstain_below"] == 0.99


def test_people_see_a_table_and_what_counts_most(made: Recorded, tmp_path: Path) -> None:
    panel = tmp_path / "panel.json"
    fit(made, panel)
    assert "accuracy" in score(panel, made.items, made.judgments).out
    shown = agency("panel", "show", "--panel", str(panel), cwd=tmp_path).out
    assert "calibrated panel of 5 judges" in shown
    assert "Good" in shown.splitlines()[3]


def _bad(made: Recorded, folder: Path, what: str) -> tuple[Path, Path]:
    """The files, one of them with a fault."""
    items, judgments = folder / "items.jsonl", folder / "judgments.jsonl"
    item_rows: list[Any] = list(made.item_rows)
    judgment_rows: list[Any] = list(made.judgment_rows)
    if what == "no label":
        item_rows[3] = {**item_rows[3], "label": None}
    if what == "twice":
        judgment_rows.append(judgment_rows[0])
    if what == "not an object":
        judgment_rows[5] = 5
    write_rows(items, item_rows)
    write_rows(judgments, judgment_rows)
    if what == "cut off":
        judgments.write_bytes(made.judgments.read_bytes()[:200])
    return items, judgments


@pytest.mark.parametrize(
    ("what", "code", "line"),
    [
        ("no label", "judge.no_labels", None),
        ("twice", "judge.bad_record", 601),
        ("not an object", "judge.bad_record", 6),
        ("cut off", "file.unreadable", 1),
    ],
)
def test_a_bad_file_is_one_error_with_its_place_and_exit_2(
    made: Recorded, tmp_path: Path, what: str, code: str, line: int | None
) -> None:
    panel = tmp_path / "panel.json"
    fit(made, panel, "majority")
    done = score(panel, *_bad(made, tmp_path, what), "--json")
    assert done.code == 2
    error = done.document["error"]
    assert error["code"] == code
    if line is not None and what != "cut off":
        assert error["line"] == line
    assert error["path"].startswith(str(tmp_path))


@pytest.mark.parametrize(
    "more",
    [
        ("--without", "Nobody"),
        ("--without", "Good,Fair,Poor"),
        ("--without", ","),
        ("--abstain-below", "nan"),
        ("--abstain-below", "0.4"),
    ],
)
def test_a_fit_that_cannot_be_made_writes_nothing(made: Recorded, tmp_path: Path, more: tuple[str, ...]) -> None:
    out = tmp_path / "panel.json"
    done = fit(made, out, "majority", *more)
    assert (done.code, out.exists()) == (2, False)
    assert done.err.startswith("agency: ")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("command", [("fit", "--method", "weighted", "--out", "panel.json"), ("cascade",)])
def test_items_without_labels_are_told_with_their_file(
    made: Recorded, tmp_path: Path, command: tuple[str, ...]
) -> None:
    items = tmp_path / "unlabelled"
    rows = [json.loads(line) for line in made.items.read_text("utf-8").splitlines()]
    write_rows(items, [{**row, "label": None} for row in rows])
    name, *more = command
    files = ("--items", str(items), "--judgments", str(made.judgments))
    done = agency("panel", name, *files, *more, "--json", cwd=tmp_path)
    assert (done.code, done.document["error"]["path"]) == (2, str(items))
    assert not (tmp_path / "panel.json").exists()


@pytest.mark.parametrize("command", ["fit", "cascade"])
def test_a_panel_is_never_written_over_what_it_is_made_of(made: Recorded, tmp_path: Path, command: str) -> None:
    judgments = tmp_path / "judgments"
    judgments.write_bytes(made.judgments.read_bytes())
    (tmp_path / "panel.json").symlink_to(judgments)
    more = ("--method", "majority") if command == "fit" else ()
    files = ("--items", str(made.items), "--judgments", str(judgments), "--out", str(tmp_path / "panel.json"))
    done = agency("panel", command, *files, *more, cwd=tmp_path)
    assert done.code == 2
    assert "which is read" in done.err
    assert judgments.read_bytes() == made.judgments.read_bytes()


def test_what_is_no_panel_is_refused(made: Recorded, tmp_path: Path) -> None:
    (tmp_path / "panel.json").write_text("{}", "utf-8")
    done = score(tmp_path / "panel.json", made.items, made.judgments, "--json")
    assert (done.code, done.document["error"]["code"]) == (2, "judge.bad_panel")


def test_a_cascade_is_measured_by_prices_of_ones_own(made: Recorded, tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text("[models]\nGood = 20\nFair = 1\nPoor = 1\n[strategies]\nPlain = 1\nSteps = 2\n", "utf-8")
    files = ("--items", str(made.items), "--judgments", str(made.judgments), "--prices", str(prices))
    written = ("--out", str(tmp_path / "cascade.json"))
    document = agency("panel", "cascade", *files, "--budget", "0.5", *written, "--json", cwd=tmp_path).document
    assert document["panel"]["cost_per_item"] == 20 * 3 + 1 * 3 + 1
    assert document["cascade"]["cost"] < 0.6
    assert [point["cost"] for point in document["curve"]] == sorted(point["cost"] for point in document["curve"])
    scored = score(tmp_path / "cascade.json", made.items, made.judgments, "--json").document
    assert (scored["method"], scored["n"]) == ("cascade", 60)
    assert 0 < scored["cost"] < 0.6


def test_a_judge_without_a_price_is_an_error(made: Recorded, tmp_path: Path) -> None:
    files = ("--items", str(made.items), "--judgments", str(made.judgments))
    done = agency("panel", "cascade", *files, "--json", cwd=tmp_path)
    assert (done.code, done.document["error"]["code"]) == (2, "judge.no_price")


@needs_llmbar
def test_the_recorded_judges_of_llmbar_make_a_panel(tmp_path: Path) -> None:
    panel = tmp_path / "panel.json"
    files = ("--items", str(ITEMS), "--judgments", str(JUDGMENTS))
    more = ("--method", "calibrated", "--without", "GPT-4,PaLM2", "--out", str(panel))
    assert agency("panel", "fit", *files, *more, "--json", cwd=tmp_path).document["judges"] == 42
    document = score(panel, ITEMS, JUDGMENTS, "--json").document
    assert document["n"] == 239
    assert document["accuracy"] > 0.7
