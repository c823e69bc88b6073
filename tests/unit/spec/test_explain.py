"""Every rule that can be reported is explained, and its example does what it says."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import agent_agency
from agent_agency.arbitration.constitution.overlay import lay_over
from agent_agency.config import Config, read_config
from agent_agency.errors import UsageError
from agent_agency.facts import Finding
from agent_agency.spec.document import Document, load_document
from agent_agency.spec.explain import explain_rule, find_rule, list_rules
from agent_agency.spec.model import Profile, Scope
from agent_agency.spec.policy import read_policy
from agent_agency.spec.rule_catalogue import Rule, load_catalogue, read_tables
from agent_agency.spec.scope import ScopeJudge
from agent_agency.spec.strict_rules import STRICT_RULES
from agent_agency.spec.validate import ValidationOptions, validate_spec
from agent_agency.spec.waiver import read_waiver
from support.old_specs import SEED, V10, VNEXT, changed
from support.rules import rule_toml

_SOURCES = Path(agent_agency.__file__).parent
_NOW = datetime(2026, 1, 15, tzinfo=UTC)
_POLICY = """\
version: 1
risk_tiers: {'1': {max_files: 5, max_loc: 200}, '2': {max_files: 15, max_loc: 600}, '3': {max_files: 30, max_loc: 1500}}
gates: {budget_limit: {enabled: true, mode: block}, spec_completeness: {enabled: true, mode: block}, scope_boundary: {enabled: true, mode: block}}
"""  # noqa: E501 - one field to a line, as tests take it apart
_WAIVER = """\
id: WV-0001
title: Room for the generated client
status: active
gates: [budget_limit]
reason: The client is generated and reviewed at its source
approved_by: lead@example.org
created_at: '2026-01-01T08:00:00Z'
expires_at: '2026-02-01T08:00:00Z'
scope: {spec_id: PAY-42}
"""


class _Files:
    def exists(self, path: str) -> bool:
        return path in {"src", "src/auth", "src/billing", "lib", "contracts/charge.yaml"}


def _entries(*, scope: bool) -> Iterator[tuple[Mapping[str, Any], Rule]]:
    """The entries whose example is a document; that of a gate is a change, which the gates' own tests hold."""
    for entry, rule in read_tables():
        described = entry.get("example") == "described" or rule.source.startswith("This product's gates")
        if not described and rule.id.startswith("scope.") is scope:
            yield entry, rule


def _rules_of(rule: str, entry: Mapping[str, Any], text: str, without: tuple[str, ...]) -> set[str]:
    """The rules that the checker of the rule's family reports on an example."""
    family = rule.split(".", 1)[0]
    return {item.rule for item in _findings(family, rule, entry, text, without)}


def _findings(
    family: str, rule: str, entry: Mapping[str, Any], text: str, without: tuple[str, ...]
) -> tuple[Finding, ...]:
    def document(base: str) -> bytes:
        return text.encode() if entry.get("whole") else changed(base, text, without=without)

    if family == "scope":
        return ()
    if family == "config":
        read = read_config(text.encode(), "agency.toml")
        return () if isinstance(read, Config) else read
    if family == "rules":
        return lay_over({"ours.toml": _file_of_rules(text, without)}).findings
    if family == "policy":
        return read_policy(document(_POLICY), "policy.yaml", parity=bool(entry.get("parity"))).findings
    if family == "waiver":
        return read_waiver(document(_WAIVER), "waiver.yaml").findings
    bases = {"seed": SEED, "cli4": SEED, "caws10": V10}
    return validate_spec(
        document(bases.get(family, VNEXT)), "spec.yaml", _options(rule, entry), files=_Files(), now=_NOW
    ).findings


def _file_of_rules(text: str, without: tuple[str, ...]) -> bytes:
    """A rule with some of its keys written otherwise; keys stand before the tables of its examples."""
    try:
        given = dict.fromkeys((*tomllib.loads(text), *without), "")
    except tomllib.TOMLDecodeError:
        return text.encode()
    return f"{rule_toml(**given)}{text}\n".encode()


def _options(rule: str, entry: Mapping[str, Any]) -> ValidationOptions:
    family = rule.split(".", 1)[0]
    if entry.get("example") == "detected":
        return ValidationOptions()
    if family == "cli4":
        return ValidationOptions(profile=Profile.SEED, compat="cli-4.0.0")
    profile = {"seed": Profile.SEED, "caws10": Profile.V10}.get(family, Profile.VNEXT)
    return ValidationOptions(profile=profile, parity=family != "strict")


@pytest.mark.parametrize(
    ("entry", "rule"), [pytest.param(entry, rule, id=rule.id) for entry, rule in _entries(scope=False)]
)
def test_an_example_breaks_its_rule_and_its_remedy_mends_it(entry: Mapping[str, Any], rule: Rule) -> None:
    without = tuple(entry.get("without", ()))
    assert rule.id in _rules_of(rule.id, entry, entry["breaks"], without)
    assert rule.id not in _rules_of(rule.id, entry, entry["mends"], ())


def _decided(text: str) -> str:
    document = load_document(text.encode(), "example")
    assert isinstance(document, Document), document
    value = document.value
    scope = value["scope"]
    policy = _policy(value)
    judge = ScopeJudge(Scope(tuple(scope["in"]), tuple(scope.get("out", ())), tuple(scope.get("support", ()))), policy)
    return judge.decide(value["path"]).rule


def _policy(value: Mapping[str, Any]) -> Any:
    fragment = f"non_governed_zones: {value.get('zones', [])}\nroot_passthrough: {value.get('root', [])}"
    return read_policy(changed(_POLICY, fragment), "policy.yaml", parity=True).policy


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for _, rule in _entries(scope=True)])
def test_a_scope_example_is_decided_by_its_rule(rule: Rule) -> None:
    deciding, other = (rule.mends, rule.breaks) if rule.id.startswith("scope.admit") else (rule.breaks, rule.mends)
    assert _decided(deciding) == rule.id
    assert _decided(other) != rule.id


def test_every_declared_strict_rule_is_explained() -> None:
    assert {rule for rule in load_catalogue() if rule.startswith("strict.")} == set(STRICT_RULES)


def _constants(tree: ast.Module) -> dict[str, str]:
    """The texts that a module names at its top."""
    named: dict[str, str] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            named[target.id] = value.value
    return named


def _pattern(node: ast.AST, named: Mapping[str, str]) -> str | None:
    """A pattern for the texts that an expression can be, where it is a text with at most a few holes."""
    if isinstance(node, ast.Constant):
        return re.escape(node.value) if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return re.escape(named[node.id]) if node.id in named else None
    if isinstance(node, ast.FormattedValue):
        return _pattern(node.value, named) or "[a-z0-9_.]+"
    if isinstance(node, ast.JoinedStr):
        return "".join(_pattern(part, named) or "" for part in node.values)
    if isinstance(node, ast.IfExp):
        return f"(?:{_pattern(node.body, named)}|{_pattern(node.orelse, named)})"
    return None


def _reported(source: Path) -> Iterator[str]:
    """Patterns of the rule ids that a module hands to a finding or a collector."""
    tree = ast.parse(source.read_text("utf-8"))
    named = _constants(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in {"add", "advise", "report", "_refuse"} and len(node.args) >= 3:
            candidate: ast.expr | None = node.args[0]
        elif name == "Finding":
            by_name = [keyword.value for keyword in node.keywords if keyword.arg == "rule"]
            candidate = by_name[0] if by_name else node.args[0] if node.args else None
        else:
            continue
        pattern = _pattern(candidate, named) if candidate is not None else None
        if pattern is not None:
            yield pattern


@pytest.mark.parametrize("folder", ["spec", "gates", "workflows", "change", "arbitration", "cli"])
def test_every_rule_id_in_the_sources_is_explained(folder: str) -> None:
    known = [rule.replace("*", "x") for rule in load_catalogue()]
    unexplained = [
        (source.name, pattern)
        for source in sorted((_SOURCES / folder).rglob("*.py"))
        if source.parent.name != "reports"  # what those name are the tools' own rules
        for pattern in _reported(source)
        if not any(re.search(rf"(?:^|\.){pattern}$", rule) for rule in known)
    ]
    assert unexplained == []


def test_no_explanation_is_empty_and_none_ends_in_the_middle() -> None:
    for rule in list_rules():
        assert rule.means.endswith(".")
        assert rule.why.endswith(".")
        assert rule.breaks
        assert rule.mends
        assert rule.breaks != rule.mends
        assert rule.source


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("spec.schema.id.pattern", "spec.schema.id.pattern_violation"),
        ("strict.placeholders", "strict.placeholder"),
        ("SPEC.YAML.PARSE_FAILED", "spec.yaml.parse_failed"),
        ("placeholder", "strict.placeholder"),
    ],
)
def test_a_near_miss_is_answered_with_what_was_meant(asked: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain_rule(asked)
    assert f"'{meant}'" in caught.value.fix


def test_a_rule_of_a_kind_is_explained_by_its_kind() -> None:
    assert explain_rule("secrets.aws_access_key").id == "secrets.*"
    assert find_rule(load_catalogue(), "nothing") is None
