"""Real repositories for the benchmarks, written by ``git fast-import``: law on ``main``, a change on ``topic``."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

POLICY = """\
version: 1
risk_tiers:
  "1": { max_files: 100000, max_loc: 10000000 }
  "2": { max_files: 100000, max_loc: 10000000 }
  "3": { max_files: 100000, max_loc: 10000000 }
gates:
  spec_completeness: { enabled: true, mode: block }
  scope_boundary: { enabled: true, mode: block }
  budget_limit: { enabled: true, mode: block }
  god_object: { enabled: true, mode: warn }
  todo_detection: { enabled: true, mode: warn }
"""

SPEC = """\
id: BENCH-1
title: Round invoice totals half to even
risk_tier: 3
mode: feature
lifecycle_state: active
blast_radius:
  modules: [billing]
scope:
  in:
    - src/
  out:
    - src/vendored/
invariants:
  - An invoice without lines has the total 0.00
  - A total never differs from the exact sum by more than half a cent
acceptance:
  - id: A1
    given: an invoice whose exact total is 2.125
    when: its total is computed
    then: the total is 2.12
  - id: A2
    given: an invoice without lines
    when: its total is computed
    then: the total is 0.00
non_functional:
  performance:
    - a total of 1,000 lines in under 5 ms
contracts: []
"""

_WHO = "Bench <bench@example.org> 1767225600 +0000"


def make_repository(folder: Path, files: int, also: Mapping[str, str] = MappingProxyType({})) -> Path:
    """Make a repository whose branch ``topic`` edits ``files`` Python files of ``main``, ten to a folder.

    ``also`` are further files that both branches have.
    """
    folder.mkdir(parents=True)
    _git(folder, "init", "-q", "-b", "main")
    stream = b"".join(_stream(files, also))
    _git(folder, "fast-import", "--quiet", stdin=stream)
    _git(folder, "reset", "-q", "--hard", "main")
    return folder


def _stream(files: int, also: Mapping[str, str]) -> Iterator[bytes]:
    yield from _commit("main", 1, "Start", b"")
    yield _file(".caws/policy.yaml", POLICY)
    yield _file(".caws/specs/BENCH-1.yaml", SPEC)
    yield from (_file(path, text) for path, text in also.items())
    for number in range(files):
        yield _file(_path(number), _module(number, 0.5))
    yield b"\n"
    yield from _commit("topic", 2, "Round otherwise", b"from :1\n")
    for number in range(files):
        yield _file(_path(number), _module(number, 0.25))
    yield b"\n"


def _commit(branch: str, mark: int, message: str, origin: bytes) -> Iterator[bytes]:
    yield f"commit refs/heads/{branch}\nmark :{mark}\nauthor {_WHO}\ncommitter {_WHO}\n".encode()
    yield f"data {len(message)}\n{message}\n".encode() + origin


def _file(path: str, text: str) -> bytes:
    content = text.encode()
    return f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"


def _path(number: int) -> str:
    return f"src/part_{number // 10:05}/module_{number:06}.py"


def _module(number: int, step: float) -> str:
    return (
        f'"""Part {number}."""\n\n\n'
        f"def total_{number}(lines: list[float]) -> float:\n"
        f'    """Add up."""\n'
        f"    # Half a cent decides.\n"
        f"    return round(sum(lines) + {step}, 2)\n"
    )


def _git(folder: Path, *arguments: str, stdin: bytes | None = None) -> None:
    subprocess.run(["git", *arguments], cwd=folder, input=stdin, check=True, capture_output=True)
