from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.facts import Severity
from agent_agency.spec.model import Profile, ValidationResult
from agent_agency.spec.validate import MOST_FINDINGS, ValidationOptions, validate_spec
from support.specs import as_bytes, tier1_spec, vnext_spec

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ALL_OPTIONS = [
    ValidationOptions(),
    ValidationOptions(parity=True),
    ValidationOptions(compat="cli-4.0.0"),
    *(ValidationOptions(profile, parity=parity) for profile in Profile for parity in (False, True)),
]


class SomeFiles:
    def exists(self, path: str) -> bool:
        return len(path) % 2 == 0


def validate(data: bytes, options: ValidationOptions | None = None) -> ValidationResult:
    return validate_spec(data, "spec.yaml", options or ValidationOptions(), files=SomeFiles(), now=NOW)


def hold(result: ValidationResult) -> None:
    """What every result promises."""
    assert result.valid == all(finding.severity is Severity.ADVICE for finding in result.findings)
    assert (result.spec is not None) == result.valid
    for finding in result.findings:
        assert finding.message
        assert finding.remedy
        assert finding.place.path == "spec.yaml"
        (finding.message + finding.remedy).encode()


def test_a_valid_spec_is_handed_on_as_a_value() -> None:
    result = validate(as_bytes(vnext_spec(risk_tier=2.0, scope={"in": ["src"], "support": ["docs"]})))
    assert result.valid
    assert result.profile is Profile.VNEXT
    assert result.spec is not None
    assert (result.spec.id, result.spec.risk_tier, type(result.spec.risk_tier)) == ("PAY-42", 2, int)
    assert result.spec.scope.inside == ("src",)
    assert result.spec.scope.support == ("docs",)
    assert result.spec.digest.startswith("sha256:")


def test_meaning_is_judged_only_when_the_shape_is_right() -> None:
    wrong = vnext_spec(contracts=[], mode="docs")
    found = {finding.rule for finding in validate(as_bytes(wrong)).findings}
    assert found == {"spec.schema.mode.development_removed"}


def test_the_stricter_layer_is_on_unless_parity_is_asked_for() -> None:
    data = as_bytes(vnext_spec(scope={"in": ["**"]}))
    assert not validate(data).valid
    assert validate(data, ValidationOptions(parity=True)).valid


def test_the_stricter_layer_speaks_beside_the_shape() -> None:
    found = {finding.rule for finding in validate(as_bytes(vnext_spec(mode="docs", scope={"in": ["**"]}))).findings}
    assert found == {"spec.schema.mode.development_removed", "strict.scope.overbroad"}


def test_detection_is_switched_off_by_naming_a_profile() -> None:
    data = as_bytes(vnext_spec(status="x"))
    detected = validate(data)
    assert detected.profile is None
    assert [finding.rule for finding in detected.findings] == ["spec.profile.mixed"]
    named = validate(data, ValidationOptions(Profile.VNEXT))
    assert [finding.rule for finding in named.findings] == ["spec.schema.forbidden_field.status"]


def test_a_file_that_cannot_be_read_keeps_the_profile_that_was_named() -> None:
    assert validate(b"a: [", ValidationOptions(Profile.V10)).profile is Profile.V10
    assert validate(b"a: [").profile is None
    assert validate(b"a: [", ValidationOptions(compat="cli-4.0.0")).profile is Profile.SEED


def test_a_flood_of_findings_is_cut_but_every_rule_stays() -> None:
    spec = vnext_spec(**{f"k{n}": 1 for n in range(3000)}, status="x")
    found = [finding.rule for finding in validate(as_bytes(spec), ValidationOptions(Profile.VNEXT)).findings]
    assert len(found) == MOST_FINDINGS + 1
    assert set(found) == {"spec.schema.violation", "spec.schema.forbidden_field.status"}


@given(st.binary(max_size=300), st.sampled_from(ALL_OPTIONS))
@settings(max_examples=150)
def test_no_bytes_make_it_raise(data: bytes, options: ValidationOptions) -> None:
    hold(validate(data, options))


PIECES = [
    *(
        b"\t",
        b"\n",
        b"\r",
        b": ",
        b"- ",
        b"&a ",
        b"*a",
        b"!!str ",
        b"!x ",
        b'"',
        b"'",
        b"[",
        b"]",
        b"{",
        b"}",
        b"|",
        b">",
    ),
    *(
        b"# ",
        b"\xe2\x80\xa8",
        b"\xc2\x85",
        b"\xef\xbb\xbf",
        b"\x00",
        b"\x07",
        b"\xff",
        b"\\ud83d",
        b"\\ude00",
        b"\\u0000",
    ),
    *(
        b"~",
        b"null",
        b".nan",
        b".inf",
        b"1e999",
        b"true",
        b"<<",
        b"__proto__",
        b"0x1F",
        b"---",
        b"...",
        b"%YAML 1.2\n---\n",
    ),
    *(b"? ", b"*", b"@", b"`", b"TODO", b"**", b"!(a)", b"../", b"\xf0\x9f\x98\x80", b"-1", b"[]", b"{}", b"[[[[[["),
]
SEEDS = [
    as_bytes(vnext_spec()),
    as_bytes(tier1_spec()),
    (
        b"id: PAY-42\ntitle: t\nscope:\n  in: [src]\n"
        b"acceptance:\n  - id: A1\n    given: |\n      g\n    when: >-\n      w\n"
    ),
    (
        b"id: FEAT-0042\nrisk_tier: 2\nchange_budget: {max_files: 1}\n"
        b"non_functional: {perf: {api_p95_ms: 1}}\ncontracts: []\n"
    ),
    (
        b"id: FEAT-42\ntype: feature\nstatus: draft\n"
        b"acceptance_criteria: [{id: AC1, description: x}]\nscope: {in: [src/]}\n"
    ),
]


def mutated(chance: random.Random) -> bytes:
    """A spec with a few wounds: pieces of syntax put in, parts cut out, doubled or overwritten."""
    data = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randint(1, 6)):
        at, kind = chance.randrange(len(data) + 1), chance.random()
        if kind < 0.5:
            data[at:at] = chance.choice(PIECES)
        elif kind < 0.7:
            del data[at : at + chance.randint(1, 20)]
        elif kind < 0.9:
            source = chance.randrange(len(data) + 1)
            data[at:at] = data[source : source + chance.randint(1, 60)]
        elif data:
            data[at - 1] = chance.randrange(256)
    return bytes(data)


def fuzz(rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(rounds):
        data = mutated(chance)
        try:
            hold(validate(data, chance.choice(ALL_OPTIONS)))
        except Exception as error:
            raise AssertionError(f"{data!r}") from error


def test_no_wounded_spec_makes_it_raise() -> None:
    fuzz(2_000, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_no_wounded_spec_makes_it_raise_at_length() -> None:
    fuzz(100_000, seed=2)
