from __future__ import annotations

from typing import Any

import pytest

from agent_agency.spec.document import Document, load_document
from agent_agency.spec.model import Profile
from agent_agency.spec.profiles import Detection, detect_profile
from support.specs import as_bytes

BARE: dict[str, Any] = {"id": "PAY-42", "title": "t", "mode": "feature", "scope": {"in": ["src"]}}


def detected(path: str = "spec.yaml", **fields: Any) -> Detection:
    document = load_document(as_bytes({**BARE, **fields}), path)
    assert isinstance(document, Document)
    return detect_profile(document)


@pytest.mark.parametrize(
    ("fields", "profile"),
    [
        ({"lifecycle_state": "active"}, Profile.VNEXT),
        ({"lifecycle_state": None}, Profile.VNEXT),
        ({"lifecycle_state": "active", "change_budget": {}, "created_at": "x"}, Profile.VNEXT),
        ({"type": "feature"}, Profile.V10),
        ({"created_at": "2026-01-01"}, Profile.V10),
        ({"updated_at": "2026-01-01"}, Profile.V10),
        ({"acceptance_criteria": []}, Profile.V10),
        ({"acceptance_criteria": [], "change_budget": {}}, Profile.V10),
        ({"status": "draft"}, Profile.V10),
        ({"status": "draft", "change_budget": {}}, Profile.SEED),
        ({"status": "draft", "threats": []}, Profile.SEED),
        ({"change_budget": {}}, Profile.SEED),
        ({"threats": []}, Profile.SEED),
        ({"waiver_ids": []}, Profile.SEED),
        ({"migrations": []}, Profile.SEED),
        ({"ai_assessment": {}}, Profile.SEED),
        ({"experiment_mode": True}, Profile.SEED),
        ({"experimental_mode": {}}, Profile.SEED),
        ({"human_override": {}}, Profile.SEED),
        ({"non_functional": {"a11y": []}}, Profile.SEED),
        ({"non_functional": {"perf": {}}}, Profile.SEED),
        ({"contracts": [{"type": "api"}, {"type": "openapi"}]}, Profile.SEED),
        ({"contracts": [{"type": "project_setup"}]}, Profile.SEED),
    ],
)
def test_the_profile_is_told_by_the_fields(fields: dict[str, Any], profile: Profile) -> None:
    detection = detected(**fields)
    assert detection.profile is profile
    assert detection.refusal is None


@pytest.mark.parametrize("key", ["status", "acceptance_criteria"])
def test_a_mixture_is_refused_with_both_names(key: str) -> None:
    detection = detected(lifecycle_state="active", **{key: "x"})
    assert detection.profile is None
    assert detection.refusal is not None
    assert detection.refusal.rule == "spec.profile.mixed"
    assert "caws-vnext" in detection.refusal.message
    assert "caws-10" in detection.refusal.message


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"contracts": [{"type": "api"}, "x"]},
        {"contracts": "openapi"},
        {"non_functional": ["a11y"]},
        {"contracts": [{"type": []}]},
    ],
)
def test_without_any_sign_nothing_is_guessed_and_what_is_missing_is_told(fields: dict[str, Any]) -> None:
    detection = detected(path=".caws/working-spec.yaml", **fields)
    assert detection.profile is None
    assert detection.refusal is not None
    assert detection.refusal.rule == "spec.profile.unknown"
    assert "lifecycle_state" in detection.refusal.message
    assert "--profile caws-2025.10" in detection.refusal.remedy
