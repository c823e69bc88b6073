from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agent_agency.facts import Finding, Severity
from agent_agency.spec.document import Document, load_document
from agent_agency.spec.model import Profile
from agent_agency.spec.strict_rules import STRICT_RULES
from agent_agency.spec.stricter import check_stricter
from support.specs import REMOVED, as_bytes, tier1_spec, vnext_spec

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PAST, FUTURE = "2026-05-31T00:00:00Z", "2026-06-02T00:00:00Z"


class Files:
    """A repository that holds the named paths."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths

    def exists(self, path: str) -> bool:
        return path in self.paths


def findings(
    spec: dict[str, Any], *, profile: Profile = Profile.VNEXT, files: Files | None = None, now: datetime | None = NOW
) -> tuple[Finding, ...]:
    document = load_document(as_bytes(spec), "spec.yaml")
    assert isinstance(document, Document)
    return check_stricter(document, profile, files=files, now=now)


def rules(spec: dict[str, Any], **options: Any) -> list[str]:
    return [finding.rule.removeprefix("strict.") for finding in findings(spec, **options)]


def criterion(name: str) -> dict[str, str]:
    return {"id": name, "given": "g", "when": "w", "then": "t"}


def experiment(ends: str, *, enabled: bool = True) -> dict[str, Any]:
    return vnext_spec(risk_tier=3, experimental_mode={"enabled": enabled, "rationale": "r", "expires_at": ends})


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (vnext_spec(), []),
        (tier1_spec(), []),
        (vnext_spec(title="TODO"), ["placeholder"]),
        (vnext_spec(title=" "), ["blank_text"]),
        (vnext_spec(invariants=["ok", "\t"]), ["blank_text"]),
        (vnext_spec(invariants=["TBD", "TODO: x"]), ["placeholder", "placeholder"]),
        (vnext_spec(acceptance=[{"id": "A1", "given": " ", "when": "...", "then": "TODO"}]),
         ["blank_text", "placeholder", "placeholder"]),
        (vnext_spec(blast_radius={"modules": ["<module>"]}), ["placeholder"]),
        (vnext_spec(contracts=[{"name": " ", "type": "api", "path": "path/to/api.yaml"}]),
         ["blank_text", "placeholder"]),
        (vnext_spec(scope={"in": ["TODO: list the files"], "out": ["<dir>"]}), ["placeholder", "placeholder"]),
        (vnext_spec(owner="", closure_notes=" "), []),
        (vnext_spec(acceptance=[criterion("A1"), criterion("A2"), criterion("A1")]), ["acceptance.duplicate_id"]),
        (vnext_spec(scope={"in": ["**"]}), ["scope.overbroad"]),
        (vnext_spec(scope={"in": ["src"], "support": ["*"]}), ["scope.overbroad"]),
        (vnext_spec(scope={"in": ["!src/x"]}), ["scope.negated_entry"]),
        (vnext_spec(scope={"in": ["/etc"]}), ["scope.absolute_path"]),
        (vnext_spec(scope={"in": ["/src/**"]}), ["scope.absolute_path"]),
        (vnext_spec(scope={"in": ["C:\\src", "C:/src", "~/src", "~", "file:///src"]}), ["scope.absolute_path"] * 5),
        (vnext_spec(scope={"in": ["../x"]}), ["scope.outside_repository"]),
        (vnext_spec(scope={"in": ["src/../../x/**"]}), ["scope.outside_repository"]),
        (vnext_spec(scope={"in": ["src\\..\\x"]}), ["scope.outside_repository"]),
        (vnext_spec(scope={"in": ["src"], "out": ["../x"]}), ["scope.outside_repository"]),
        (vnext_spec(scope={"in": ["."]}), ["scope.no_effect_in"]),
        (vnext_spec(scope={"in": ["src/**/"]}), ["scope.no_effect_in"]),
        (vnext_spec(scope={"in": ["src\\billing"]}), ["scope.no_effect_in"]),
        (vnext_spec(scope={"in": ["src\\billing\\**"]}), ["scope.no_effect_in"]),
        (vnext_spec(scope={"in": ["src"], "out": ["./lib/x", "lib/[x]", "{a,b}"]}), ["scope.no_effect_out"] * 3),
        (vnext_spec(scope={"in": ["src/x"], "out": ["src/x/"]}), ["scope.in_is_out"]),
        (vnext_spec(scope={"in": ["src"], "support": ["docs"], "out": ["docs"]}), ["scope.in_is_out"]),
        (vnext_spec(scope={"in": ["src", "lib", "src"]}), ["scope.duplicate_entry"]),
        (vnext_spec(scope={"in": ["src"], "out": ["lib", "lib"]}), ["scope.duplicate_entry"]),
        (vnext_spec(scope={"in": ["the billing module"]}), ["scope.prose"]),
        (vnext_spec(scope={"in": ["src"], "out": ["All else is not modified."]}), ["scope.prose"]),
        (vnext_spec(scope={"in": [f"src/{n}" for n in range(1001)]}), ["scope.too_large"]),
        (vnext_spec(scope={"in": ["a" * 1001]}), ["scope.too_large"]),
        (vnext_spec(superseded_by="PAY-42"), ["superseded_by_self"]),
        (vnext_spec(superseded_by="PAY-43"), []),
        (vnext_spec(lifecycle_state="closed", resolution="completed", blockers=[{"reason": "r"}]),
         ["blockers_on_closed"]),
        (vnext_spec(blockers=[{"reason": "r"}]), []),
        (vnext_spec(lifecycle_state="closed", resolution="completed", blockers=[]), []),
        (experiment(PAST), ["experiment_expired"]),
        (experiment(FUTURE), []),
        (experiment(PAST, enabled=False), []),
        (tier1_spec(operational_rollback_slo=REMOVED), ["tier1.slo_required"]),
        (tier1_spec(operational_rollback_slo=" "), ["blank_text"]),
        (tier1_spec(mode="chore", contracts=[]), ["tier1.contracts_required"]),
        (vnext_spec(mode="chore", contracts=[]), []),
        (vnext_spec(blast_radius={"modules": ["m"], "data_migration": True}), ["migration.rollback_required"]),
        (vnext_spec(blast_radius={"modules": ["m"], "data_migration": True}, rollback=["restore"]), []),
    ],
)  # fmt: skip
def test_each_weakness_of_the_standard_has_a_rule(spec: dict[str, Any], expected: list[str]) -> None:
    assert rules(spec) == expected


def test_every_declared_rule_is_tried_above_or_below() -> None:
    tried = {"contract.path_not_found", "scope.out_not_found"}
    for mark in test_each_weakness_of_the_standard_has_a_rule.pytestmark:
        tried |= {rule for _, expected in mark.args[1] for rule in expected}
    assert {f"strict.{rule}" for rule in tried} == set(STRICT_RULES)


def test_every_finding_has_a_place_a_sentence_and_a_remedy() -> None:
    for finding in findings(vnext_spec(title="TODO", scope={"in": ["**", "!x", "."], "out": ["[x]"]})):
        assert finding.place.line
        assert not finding.message.endswith(".")
        assert finding.remedy.endswith(".")


def test_a_placeholder_is_advice_in_a_draft_and_after_the_end() -> None:
    for state in ({"lifecycle_state": "draft"}, {"lifecycle_state": "closed", "resolution": "completed"}):
        [finding] = findings(vnext_spec(title="TODO", **state))
        assert finding.severity is Severity.ADVICE
    [finding] = findings(vnext_spec(title="TODO"))
    assert finding.severity is Severity.MODERATE


def test_a_draft_may_not_have_a_scope_that_binds_nothing() -> None:
    [finding] = findings(vnext_spec(lifecycle_state="draft", scope={"in": ["**"]}))
    assert finding.severity is Severity.MAJOR


def test_a_missing_contract_file_is_advice_until_the_work_is_completed() -> None:
    spec = vnext_spec(scope__out=[], contracts=[{"name": "n", "type": "api", "path": "./api.yaml#/paths"}])
    [finding] = findings(spec, files=Files())
    assert (finding.rule, finding.severity) == ("strict.contract.path_not_found", Severity.ADVICE)
    assert findings(spec, files=Files("api.yaml")) == ()
    assert findings(spec) == ()
    done = {**spec, "lifecycle_state": "closed", "resolution": "completed"}
    assert [finding.severity for finding in findings(done, files=Files())] == [Severity.MODERATE]
    assert findings({**done, "resolution": "abandoned"}, files=Files()) == ()


def test_a_contract_elsewhere_is_not_looked_for() -> None:
    spec = vnext_spec(scope__out=[], contracts=[{"name": "n", "type": "api", "path": "https://example.org/api.yaml"}])
    assert findings(spec, files=Files()) == ()


def test_an_exclusion_that_names_nothing_is_advice() -> None:
    [finding] = findings(vnext_spec(), files=Files())
    assert (finding.rule, finding.severity) == ("strict.scope.out_not_found", Severity.ADVICE)
    assert findings(vnext_spec(), files=Files("src/auth")) == ()


def test_an_admitted_path_need_not_exist_yet() -> None:
    assert findings(vnext_spec(scope={"in": ["src/new.py"]}), files=Files()) == ()


def test_a_file_of_that_very_name_proves_an_odd_entry() -> None:
    spec = vnext_spec(scope={"in": ["docs/the plan, in short.md"], "out": ["app/[slug]"]})
    assert rules(spec) == ["scope.prose", "scope.no_effect_out"]
    assert rules(spec, files=Files("docs/the plan, in short.md", "app/[slug]")) == []


def test_a_file_with_the_name_of_a_pattern_excuses_no_pattern() -> None:
    assert rules(vnext_spec(scope={"in": ["**"]}), files=Files("**")) == ["scope.overbroad"]
    assert rules(vnext_spec(scope={"in": ["!x"]}), files=Files("!x")) == ["scope.negated_entry"]


def test_without_a_clock_nothing_is_past() -> None:
    assert findings(experiment(PAST), now=None) == ()


def test_the_old_profiles_are_held_against_the_rules_of_their_fields() -> None:
    seed = {
        "id": "PAY-42",
        "title": "TODO",
        "scope": {"in": ["user authentication"], "out": ["packages/*/dist"]},
        "experimental_mode": {"enabled": True, "expires_at": "2026-05-31"},
        "observability": {"logs": ["TBD"]},
    }
    expected = ["placeholder", "placeholder", "scope.prose", "scope.no_effect_out", "experiment_expired"]
    assert rules(seed, profile=Profile.SEED) == expected
    old = {"status": "draft", "acceptance_criteria": [{"id": "A1", "description": "TODO"}, {"id": "A1", "given": " "}]}
    assert rules(old, profile=Profile.V10) == ["blank_text", "placeholder", "acceptance.duplicate_id"]
    assert findings(old, profile=Profile.V10)[0].severity is Severity.ADVICE


def test_an_experiment_dated_by_the_day_lasts_through_the_day() -> None:
    spec = {"experimental_mode": {"expires_at": "2026-06-01"}}
    assert rules(spec, profile=Profile.SEED, now=datetime(2026, 6, 1, 12, tzinfo=UTC)) == []


@pytest.mark.parametrize("wrong", [None, 5, "x", [], {}, [None], [[]], {"in": 5}, {"in": [5, None, {}]}, [{"id": 5}]])
def test_wrong_types_are_left_to_the_shape_check(wrong: Any) -> None:
    spec = dict.fromkeys(vnext_spec(), wrong)
    spec["experimental_mode"] = spec["blockers"] = wrong
    for profile in Profile:
        assert all(finding.severity for finding in findings(spec, profile=profile, files=Files()))
