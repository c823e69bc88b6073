from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.spec.document import Document, load_document
from agent_agency.spec.migrate import Migration, migrate
from agent_agency.spec.migration_notes import NoteKind
from agent_agency.spec.model import Profile
from agent_agency.spec.profiles import detect_profile
from agent_agency.spec.validate import ValidationOptions, validate_spec
from support.conformance import CAWS, needs_caws
from support.old_specs import SEED, V10, VNEXT, changed


def _load(data: bytes) -> Document:
    document = load_document(data, "spec.yaml")
    assert isinstance(document, Document)
    return document


def _migrate(fragment: str, *without: str, base: str = V10, profile: Profile = Profile.V10) -> Migration:
    return migrate(_load(changed(base, fragment, without=without)), profile)


def _value(outcome: Migration) -> dict[str, Any]:
    value = _load(outcome.text.encode()).value
    assert isinstance(value, dict)
    return value


def _told(outcome: Migration, kind: NoteKind) -> list[str]:
    return [note.field for note in outcome.notes if note.kind is kind]


def _is_valid(outcome: Migration) -> bool:
    options = ValidationOptions(profile=Profile.VNEXT, parity=True)
    return validate_spec(outcome.text.encode(), "x.yaml", options).valid


def test_a_complete_old_spec_becomes_a_valid_new_one() -> None:
    outcome = _migrate("", base=SEED, profile=Profile.SEED)
    value = _value(outcome)
    assert outcome.complete
    assert _is_valid(outcome)
    assert value["non_functional"] == {
        "accessibility": ["keyboard"],
        "performance": ["api_p95_ms: 250"],
        "security": ["card numbers never reach the log"],
    }
    assert value["contracts"] == [{"name": "charge", "type": "api", "path": "contracts/charge.yaml"}]
    assert value["observability"] == ["logs: billing.retry", "metrics: billing_retry_total"]
    assert value["lifecycle_state"] == "active"


def test_every_guess_and_loss_is_told_with_its_line() -> None:
    outcome = _migrate("change_budget: {max_files: 9}\nthreats: [replay]\nodd: 1", base=SEED, profile=Profile.SEED)
    assert _told(outcome, NoteKind.DROPPED) == ["migrations", "change_budget", "threats", "odd"]
    assert _told(outcome, NoteKind.GUESSED) == ["lifecycle_state", "contracts[0].name"]
    assert all(note.line for note in outcome.notes)


def test_a_new_spec_stays_as_it_is() -> None:
    outcome = migrate(_load(VNEXT.encode()), Profile.VNEXT)
    assert outcome.unchanged
    assert outcome.text == VNEXT


@pytest.mark.parametrize(("tier", "expected"), [("2", 2), ("2.0", 2), ("'2'", 2), ("T2", 2), ("t3", 3), ("' 1 '", 1)])
def test_a_tier_is_read_in_its_old_forms(tier: str, expected: int) -> None:
    assert _value(_migrate(f"risk_tier: {tier}\nobservability: {{logs: [x]}}"))["risk_tier"] == expected


@pytest.mark.parametrize("tier", ["high", "0", "true", "2.5", "[2]", "null", "''"])
def test_a_tier_that_means_nothing_is_left_to_a_person(tier: str) -> None:
    outcome = _migrate(f"risk_tier: {tier}")
    assert not outcome.complete
    assert "risk_tier: null  # FILL IN: 1 (critical), 2 (standard) or 3 (low risk)\n" in outcome.text


@pytest.mark.parametrize(
    ("fragment", "mode", "kind"),
    [
        ("mode: docs", "doc", NoteKind.CHANGED),
        ("mode: development\ntype: fix", "fix", NoteKind.GUESSED),
        ("mode: development\ntype: docs", "doc", NoteKind.GUESSED),
        ("mode: fix\ntype: feature", "fix", NoteKind.DROPPED),
        ("mode: development\ntype: epic", None, NoteKind.NEEDED),
    ],
)
def test_a_mode_comes_from_the_mode_or_else_from_the_type(fragment: str, mode: str | None, kind: NoteKind) -> None:
    outcome = _migrate(fragment)
    assert _value(outcome)["mode"] == mode
    assert set(_told(outcome, kind)) & {"mode", "type"}


@pytest.mark.parametrize(
    ("status", "state", "resolution"),
    [
        ("draft", "draft", None),
        ("in_progress", "active", None),
        ("completed", "closed", "completed"),
        ("closed", "closed", "completed"),
        ("archived", "archived", "completed"),
    ],
)
def test_a_status_becomes_a_state_and_a_closed_one_a_resolution(
    status: str, state: str, resolution: str | None
) -> None:
    outcome = _migrate(f"status: {status}")
    value = _value(outcome)
    assert (value["lifecycle_state"], value.get("resolution")) == (state, resolution)
    assert outcome.complete
    assert ("resolution" in _told(outcome, NoteKind.GUESSED)) is (status in {"closed", "archived"})


def test_an_unknown_status_is_left_to_a_person() -> None:
    assert "status" in _told(_migrate("status: someday"), NoteKind.NEEDED)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-04-01", "2026-04-01T00:00:00Z"),
        ("2026-04-01 10:20", "2026-04-01T10:20:00Z"),
        ("2026-04-01T10:20:30", "2026-04-01T10:20:30Z"),
        ("2026-04-01T10:20:30.5+0200", "2026-04-01T10:20:30.5+02:00"),
        ("2026-04-01t10:20:30z", "2026-04-01T10:20:30Z"),
    ],
)
def test_dates_get_a_time_and_a_zone(written: str, moment: str) -> None:
    outcome = _migrate(f"created_at: '{written}'")
    assert _value(outcome)["created_at"] == moment
    assert outcome.complete


@pytest.mark.parametrize("written", ["soon", "2026-13-45", "2026-02-30T10:00:00Z", "7", "[x]"])
def test_impossible_dates_are_dropped_and_told(written: str) -> None:
    outcome = _migrate(f"created_at: {written}")
    assert "created_at" not in _value(outcome)
    assert "created_at" in _told(outcome, NoteKind.DROPPED)


def test_a_wildcard_that_means_a_folder_becomes_the_folder() -> None:
    outcome = _migrate("scope: {in: [src], out: ['src/gen/**', 'dist/**/*', lib]}")
    assert _value(outcome)["scope"]["out"] == ["src/gen", "dist", "lib"]
    assert outcome.complete


def test_a_wildcard_where_nothing_is_admitted_anyway_is_dropped() -> None:
    outcome = _migrate("scope: {in: [src], out: ['packages/*/dist/']}")
    assert "out" not in _value(outcome)["scope"]
    assert "scope.out[0]" in _told(outcome, NoteKind.DROPPED)
    assert outcome.complete


@pytest.mark.parametrize("entry", ["*.pyc", "src/*/dist", "src/?", "**/x"])
def test_a_wildcard_that_protects_something_is_never_dropped(entry: str) -> None:
    outcome = _migrate(f"scope: {{in: [src], out: ['{entry}']}}")
    assert _value(outcome)["scope"]["out"] == [None]
    assert not outcome.complete


def test_a_mapping_is_never_taken_for_paths() -> None:
    outcome = _migrate("scope: {in: {src: all}}")
    assert _value(outcome)["scope"]["in"] == [None]
    assert "scope.in" in _told(outcome, NoteKind.DROPPED)


def test_criteria_without_given_when_then_keep_their_text_and_leave_gaps() -> None:
    outcome = _migrate(
        "acceptance_criteria: [{id: AC-01, description: retries once, test_nodeids: [t::x], status: open}]",
        "acceptance",
    )
    assert _value(outcome)["acceptance"] == [
        {"id": "A1", "given": None, "when": None, "then": None, "test_nodeids": ["t::x"], "narrative": "retries once"}
    ]
    assert len(_told(outcome, NoteKind.NEEDED)) == 3


def test_criteria_keep_their_numbers_and_never_share_one() -> None:
    rows = ", ".join(f"{{id: {name}, given: a, when: b, then: c}}" for name in ("A2", "AC-2", "x", "A2", "AC-7", "A1"))
    value = _value(_migrate(f"acceptance: [{rows}]"))
    ids = [item["id"] for item in value["acceptance"]]
    assert len(set(ids)) == len(ids)
    assert (ids[0], ids[4], ids[5]) == ("A2", "A7", "A1")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("openapi", "api"),
        ("graphql", "api"),
        ("proto", "api"),
        ("pact", "contract-test"),
        ("schema", "schema"),
        ("jsonschema", "schema"),
        ("json-schema", "schema"),
        ("policy_schema", "schema"),
        ("rust-api", "api"),
        ("cli_interface", "behavior"),
        ("handshake", None),
    ],
)
def test_kinds_of_contracts_are_translated_or_left_open(kind: str, expected: str | None) -> None:
    outcome = _migrate(f"contracts: [{{type: {kind}, path: a/b.c.yaml}}]")
    assert _value(outcome)["contracts"] == [{"name": "b", "type": expected, "path": "a/b.c.yaml"}]
    assert outcome.complete is (expected is not None)


def test_a_contract_that_is_none_is_dropped_and_its_lack_is_told() -> None:
    outcome = _migrate("contracts: [{type: project_setup, path: .caws/working-spec.yaml}, {type: '', path: ''}]")
    assert _value(outcome)["contracts"] == []
    assert [finding.rule for finding in outcome.findings] == ["spec.semantic.tier2.contracts_required"]
    assert not outcome.complete


def test_rollback_in_parts_becomes_a_list() -> None:
    assert _value(_migrate("rollback: {strategy: revert, data_backup: export}"))["rollback"] == [
        "strategy: revert",
        "data_backup: export",
    ]


def test_what_is_missing_is_never_made_up() -> None:
    outcome = migrate(_load(b"status: active\n"), Profile.V10)
    needed = set(_told(outcome, NoteKind.NEEDED))
    assert needed == {
        "id",
        "title",
        "risk_tier",
        "mode",
        "blast_radius.modules",
        "scope.in",
        "invariants",
        "acceptance",
    }
    assert outcome.spec_id is None
    assert not _is_valid(outcome)


def test_an_experiment_that_is_off_is_dropped_and_one_on_the_wrong_tier_is_left_to_a_person() -> None:
    off = _migrate("experimental_mode: {enabled: false, rationale: x, expires_at: '2030-01-01'}")
    on = _migrate("experimental_mode: {enabled: true, rationale: x, expires_at: '2030-01-01'}")
    low = _migrate("risk_tier: 3\nexperimental_mode: {enabled: true, rationale: x, expires_at: '2030-01-01'}")
    assert off.complete
    assert not on.complete
    assert low.complete
    assert _value(low)["experimental_mode"]["expires_at"] == "2030-01-01T00:00:00Z"


def test_text_of_the_document_cannot_forge_lines_of_the_outcome() -> None:
    outcome = _migrate('id: "x\\nlifecycle_state: active\\n# y"\nmode: "a\\u001b[2Jb"\ntype: epic')
    assert _value(outcome)["id"] is None
    assert all("\n" not in note.message and "\x1b" not in note.message for note in outcome.notes)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 5)
    | st.text(max_size=6)
    | st.sampled_from(["T2", "A1", "src/**", "a: b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["in", "out", "id", "given", "type", "path", "modules", "perf"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
_FIELDS = st.sampled_from(
    [
        "id", "title", "risk_tier", "mode", "type", "status", "scope", "contracts", "rollback", "non_functional",
        "acceptance", "acceptance_criteria", "observability", "blast_radius", "invariants", "created_at", "worktree",
        "experimental_mode", "resolution", "lifecycle_state", "blockers", "evidence", "odd",
    ]
)  # fmt: skip


@given(st.dictionaries(_FIELDS, _VALUES, max_size=4))
def test_any_document_gives_a_readable_outcome_that_is_complete_only_when_valid(replaced: dict[str, object]) -> None:
    fragment = "".join(f"{name}: {json.dumps(value)}\n" for name, value in replaced.items())
    outcome = _migrate(fragment)
    assert isinstance(yaml.safe_load(outcome.text), dict)
    assert outcome.complete is (_is_valid(outcome) and not _told(outcome, NoteKind.NEEDED))
    again = _load(outcome.text.encode())
    assert detect_profile(again).profile is Profile.VNEXT
    assert migrate(again, Profile.VNEXT).unchanged


@needs_caws
def test_old_specs_of_the_conformance_data_come_out_valid_or_with_what_is_missing() -> None:
    cases = json.loads((CAWS / "manifest.json").read_text())["cases"]
    complete = 0
    for case in cases:
        loaded = load_document((CAWS / case["file"]).read_bytes(), case["file"])
        if case["schema_version"] == "v12" or not isinstance(loaded, Document):
            continue
        profile = Profile.V10 if case["schema_version"] == "v10" else Profile.SEED
        outcome = migrate(loaded, profile)
        assert outcome.complete is _is_valid(outcome), case["file"]
        assert outcome.complete or outcome.findings or _told(outcome, NoteKind.NEEDED), case["file"]
        complete += outcome.complete
    assert complete >= 70
