"""A repository with law in force, for tests that review changes."""

from __future__ import annotations

from pathlib import Path

from support.git_repo import GitRepo

POLICY = """\
version: 1
risk_tiers:
  "1": { max_files: 3, max_loc: 60 }
  "2": { max_files: 5, max_loc: 100 }
  "3": { max_files: 8, max_loc: 150 }
gates:
  spec_completeness: { enabled: true, mode: block }
  scope_boundary: { enabled: true, mode: block }
  budget_limit: { enabled: true, mode: block }
  god_object: { enabled: true, mode: warn }
  todo_detection: { enabled: true, mode: warn }
"""

SPEC = """\
id: {id}
title: Round invoice totals
risk_tier: 3
mode: feature
lifecycle_state: {lifecycle}
blast_radius:
  modules: [billing]
scope:
  in: [src/, tests/]
  out: [src/frozen/]
invariants:
  - An empty invoice has the total 0.00
acceptance:
  - id: A1
    given: an invoice whose exact total is 2.125
    when: its total is computed
    then: the total is 2.12
non_functional: {{}}
contracts: []
"""

WAIVER = """\
id: {id}
title: Accept this once for the release
status: active
gates: [{gate}]
reason: the release needs it and the owner agreed
approved_by: {approver}
created_at: "2026-01-01T00:00:00Z"
expires_at: "{expires}"
scope:
  spec_id: {spec}
"""


def spec(spec_id: str = "FEAT-1", lifecycle: str = "active") -> str:
    return SPEC.format(id=spec_id, lifecycle=lifecycle)


def lawful_repo(path: Path, *, specs: tuple[str, ...] = ("FEAT-1",), config: str | None = None) -> GitRepo:
    """A repository whose ``main`` holds a policy, specs and some code; ``work`` is checked out."""
    repo = GitRepo.create(path)
    repo.write(".caws/policy.yaml", POLICY)
    for spec_id in specs:
        repo.write(f".caws/specs/{spec_id}.yaml", spec(spec_id))
    if config is not None:
        repo.write("agency.toml", config)
    repo.write("src/totals.py", "def total(lines):\n    return sum(lines)\n")
    repo.write("src/money.py", "".join(f"RATE_{n} = {n}\n" for n in range(40)))
    repo.write("src/frozen/export.py", "FORMAT = 1\n")
    repo.write("tests/test_totals.py", "def test_total():\n    assert True\n")
    repo.commit("Start under law")
    repo.branch("work")
    return repo
