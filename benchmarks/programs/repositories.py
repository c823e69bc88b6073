"""Makes a real repository of a program under law, and of each change to it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from agent_agency.gates.withheld_files import WithheldFiles, keep_withheld, withheld_folder
from benchmarks.programs.corpus import Program, Variant, edited

SPEC_ID = "FIX-1"
POLICY = """\
version: 1
risk_tiers:
  "1": { max_files: 10, max_loc: 400 }
  "2": { max_files: 10, max_loc: 400 }
  "3": { max_files: 10, max_loc: 400 }
gates:
  spec_completeness: { enabled: true, mode: block }
  scope_boundary: { enabled: true, mode: block }
  budget_limit: { enabled: true, mode: block }
  god_object: { enabled: true, mode: warn }
  todo_detection: { enabled: true, mode: warn }
"""
SPEC = """\
id: {id}
title: {title}
risk_tier: 3
mode: fix
lifecycle_state: active
blast_radius:
  modules: [program]
scope:
  in: [{scope}]
  out: [src/vendor/]
invariants:
  - What worked before works as before
acceptance:
  - id: A1
    given: an input that the program got wrong
    when: the program handles it
    then: the answer is right
non_functional: {{}}
contracts: []
"""
GATE = """\
[[gate]]
name = "tests"
kind = "tests"
argv = ["python", "-m", "pytest", "-q", "--junitxml=report.xml"]
report = "report.xml"
format = "junit"
blocking = [1, 2, 3]
timeout_s = 120
network = false
"""
WITHHELD = """
[[withheld]]
spec = "{spec}"
gate = "tests"
digest = "{digest}"
"""
_NOBODY = {
    "GIT_AUTHOR_NAME": "A Developer",
    "GIT_AUTHOR_EMAIL": "developer@example.org",
    "GIT_COMMITTER_NAME": "A Developer",
    "GIT_COMMITTER_EMAIL": "developer@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def make_base(program: Program, folder: Path) -> Path:
    """The program at its base, under law, with its withheld tests kept beside it."""
    folder.mkdir(parents=True)
    withheld = WithheldFiles(tuple(sorted((path, text.encode()) for path, text in program.withheld.items())))
    scope = ", ".join(f'"{entry}"' for entry in program.scope)
    declared = WITHHELD.format(spec=SPEC_ID, digest=withheld.digest) if withheld.files else ""
    law = {
        ".caws/policy.yaml": POLICY,
        f".caws/specs/{SPEC_ID}.yaml": SPEC.format(id=SPEC_ID, title=program.title, scope=scope),
        "agency.toml": GATE + declared,
    }
    _git(folder, "init", "-q", "-b", "main")
    write_files(folder, {**law, **program.files})
    _commit(folder, program.title)
    if withheld.files:
        keep_withheld(withheld_folder(folder / ".git"), withheld)
    return folder


def make_change(base: Path, program: Program, variant: Variant, folder: Path) -> Path:
    """A copy of the program's repository with one change on the branch ``work``."""
    shutil.copytree(base, folder, symlinks=True)
    _git(folder, "checkout", "-q", "-b", "work")
    law = {path: (base / path).read_text("utf-8") for path in ("agency.toml", f".caws/specs/{SPEC_ID}.yaml")}
    before = {**law, **program.files}
    after = edited(before, variant)
    for path in before.keys() - after.keys():
        (folder / path).unlink()
    write_files(folder, after)
    _commit(folder, "Mend it")
    return folder


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _commit(folder: Path, message: str) -> None:
    _git(folder, "add", "-A", "-f")
    _git(folder, "commit", "-q", "-m", message)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **_NOBODY}, check=True, capture_output=True)
