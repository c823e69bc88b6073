from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.constitution.model import CitedFinding, RuleStatus
from agent_agency.arbitration.precedents.features import MAX_TEXT, MOST_PLACES, features
from support.precedents import facts, outcome

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
RECORDS = ("spec", "change", "budget", "law", "evidence")
LISTS = ("gates", "findings", "files", "governance", "waivers", "claims")


def test_an_open_question_is_told_with_its_rule_gate_and_missing_fact() -> None:
    told = features(facts(), [outcome()], "conditional")
    assert told.values["issue"] == ("tests-pass at tests",)
    assert told.values["answer"] == ("tests-pass at tests: unknown",)
    assert told.values["missing"] == ("gates.passed",)
    assert told.values["category"] == ("testing",)
    assert told.values["gate"] == ("tests not_run",)


def test_what_is_satisfied_or_does_not_apply_is_no_issue() -> None:
    said = [outcome(status=RuleStatus.SATISFIED), outcome("other", RuleStatus.NOT_APPLICABLE)]
    told = features(facts(), said, "approved")
    assert "issue" not in told.values
    assert "rule" not in told.values


def test_a_gate_that_passed_says_nothing_and_one_that_only_warned_stands_apart() -> None:
    gates = [
        {"name": "tests", "status": "not_run", "binding": True, "mode": "block"},
        {"name": "lint", "status": "fail", "binding": False, "mode": "warn"},
        {"name": "types", "status": "pass", "binding": True, "mode": "block"},
        {"name": "bench", "status": "not_run", "binding": False, "mode": "skip"},
    ]
    told = features(facts(gates=gates), [outcome()], "conditional")
    assert told.values["gate"] == ("tests not_run",)
    assert told.values["other_gate"] == ("lint fail",)


def test_places_are_those_of_the_findings_at_issue() -> None:
    found = [
        {"rule": "secrets.key", "gate": "secrets", "path": "src/pay/keys.py", "binding": True, "fingerprint": "a" * 32},
        {"rule": "lint.F401", "gate": "lint", "path": "src/web/app.py", "binding": True, "fingerprint": "b" * 32},
    ]
    cited = CitedFinding("a" * 32, "secrets.key", "src/pay/keys.py", waivable=False)
    said = [outcome("no-secrets", RuleStatus.VIOLATED, gate="secrets", findings=(cited,))]
    told = features(facts(findings=found), said, "rejected")
    assert told.values["finding"] == ("secrets.key",)
    assert told.values["place"] == ("src/pay",)


def test_kinds_of_files_and_their_folders_are_told() -> None:
    files = [
        {"path": "db/migrations/0002_add.py", "status": "added", "added": 9, "deleted": 0, "migration": True},
        {"path": "uv.lock", "status": "modified", "added": 1, "deleted": 1, "dependency": True},
        {"path": "docs/guide/start.md", "status": "deleted", "added": 0, "deleted": 4},
        {"path": "src/app/deep/down/there/x.py", "status": "modified", "added": 1, "deleted": 0},
    ]
    told = features(facts(files=files), [outcome()], "conditional")
    assert told.values["touches"] == ("deletion", "dependency", "docs", "migration")
    assert told.values["area"] == ("db/migrations", "docs/guide", "src/app", "src/app/deep", "uv.lock")


def test_a_sweeping_change_keeps_the_places_where_most_lines_lie() -> None:
    files = [{"path": f"pkg/part{n:03}/x.py", "added": n, "deleted": 0} for n in range(100)]
    told = features(facts(files=files), [outcome()], "conditional")
    assert len(told.values["area"]) == MOST_PLACES
    assert "pkg/part099" in told.values["area"]
    assert "pkg/part001" not in told.values["area"]


@pytest.mark.parametrize(
    ("used", "most", "expected"),
    [(181, 150, "lines by up to 25 %"), (151, 150, "lines by up to 10 %"), (900, 150, "lines by more than 100 %")],
)
def test_an_overrun_is_told_by_its_share(used: int, most: int, expected: str) -> None:
    told = features(facts(budget={"known": True, "used_lines": used, "max_lines": most}), [outcome()], "rejected")
    assert told.values["overrun"] == (expected,)


def test_a_budget_of_nothing_is_overrun_without_a_share() -> None:
    told = features(facts(budget={"used_lines": 1, "max_lines": 0}), [outcome()], "rejected")
    assert told.values["overrun"] == ("lines of a budget of none",)


def test_only_waivers_that_were_needed_count() -> None:
    waivers = [
        {"id": "WV-1", "gates": ["lint"], "rules": [], "needed": False, "days": 3, "signed": True},
        {"id": "WV-2", "gates": [], "rules": ["budget-lines"], "needed": True, "days": 20, "signed": True},
    ]
    told = features(facts(waivers=waivers), [outcome()], "waived")
    assert told.values["waived"] == ("rule budget-lines",)
    assert told.values["waiver_days"] == ("up to 30",)
    assert told.values["waiver_approval"] == ("signed",)


def test_who_made_the_change_is_no_fact() -> None:
    one = features(facts(authors=[{"address": "ada@example.org"}]), [outcome()], "conditional")
    other = features(facts(authors=[{"address": "bob@example.org"}]), [outcome()], "conditional")
    assert one == other


def test_the_order_of_facts_and_outcomes_changes_nothing() -> None:
    said = [outcome(f"rule-{n}", gate=f"gate{n}") for n in range(8)]
    told = facts(files=[{"path": f"a/b{n}/c.py", "added": n, "deleted": 0} for n in range(30)])
    shuffled, mixed = list(said), {**told, "files": list(told["files"])}
    random.Random(4).shuffle(shuffled)
    random.Random(5).shuffle(mixed["files"])
    assert features(told, said, "conditional").values == features(mixed, shuffled, "conditional").values


def test_names_cannot_forge_output_and_text_is_bounded() -> None:
    files = [{"path": "src/\x1b[31mevil\udcff/x.py", "added": 1, "deleted": 0}]
    told = features(facts(files=files), [outcome()], "conditional", ["a\x00b" * 50_000])
    everything = json.dumps(told.as_dict(), ensure_ascii=False)
    everything.encode("utf-8")
    assert "\x1b" not in everything
    assert "\\u0000" not in everything
    assert len(told.text) <= MAX_TEXT


@given(st.fixed_dictionaries({}, optional=dict.fromkeys((*RECORDS, *LISTS), JSON)))
def test_facts_of_any_shape_are_read_without_a_fault(told: dict[str, object]) -> None:
    found = features(told, [outcome()], "conditional")
    assert found.values["issue"] == ("tests-pass at tests",)


@given(st.dictionaries(st.sampled_from(("tier", "mode", "contracts", "lifecycle")), JSON))
def test_a_spec_of_any_shape_is_read_without_a_fault(spec: dict[str, object]) -> None:
    assert features(facts(spec=spec), [outcome()], "conditional").verdict == "conditional"


@given(
    st.sampled_from(LISTS),
    st.lists(
        st.dictionaries(
            st.sampled_from(
                (
                    "name",
                    "status",
                    "binding",
                    "mode",
                    "rule",
                    "path",
                    "fingerprint",
                    "kind",
                    "holds",
                    "needed",
                    "gates",
                    "rules",
                    "days",
                    "signed",
                    "added",
                    "deleted",
                    "migration",
                )
            ),
            JSON,
        ),
        max_size=3,
    ),
)
def test_elements_of_any_shape_are_read_without_a_fault(name: str, elements: list[dict[str, object]]) -> None:
    assert features(facts(**{name: elements}), [outcome()], "conditional").verdict == "conditional"
