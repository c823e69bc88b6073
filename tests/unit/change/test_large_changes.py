"""Huge files and very many of them: measured whole, in memory that does not follow their size."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest

from agent_agency.change.measure import Head, measure
from agent_agency.change.model import Change, FileStatus
from agent_agency.git import Repository
from support.git_repo import GitRepo

SCRIPT = """
import json, resource, sys
from pathlib import Path
from agent_agency.change.measure import Head, measure
from agent_agency.git import Repository
with Repository.discover(Path(sys.argv[1])) as repo:
    change = measure(repo, repo.resolve("main"), Head.commit(repo.resolve("work")))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps([len(change.files), change.added, change.deleted, peak, list(change.notes)]))
"""


def history(count: int) -> Iterator[bytes]:
    """Half of ``count`` files edited, a tenth deleted, the others added."""

    def stamp(branch: str, mark: int) -> bytes:
        return f"commit refs/heads/{branch}\nmark :{mark}\ncommitter A <a@example.org> 1 +0000\ndata 1\nx\n".encode()

    def put(path: str, text: str) -> bytes:
        return f"M 100644 inline {path}\ndata {len(text)}\n{text}\n".encode()

    edited, deleted = count // 2, count // 10
    yield stamp("main", 1)
    for number in range(edited):
        yield put(f"kept{number % 97}/{number}", f"{number}\n" * 5)
    for number in range(deleted):
        yield put(f"gone{number % 97}/{number}", f"gone {number}\n" * 5)
    yield stamp("work", 2) + b"from :1\n"
    for number in range(edited):
        yield put(f"kept{number % 97}/{number}", f"{number}\n" * 5 + "more\n")
    for number in range(deleted):
        yield f"D gone{number % 97}/{number}\n".encode()
    for number in range(count - edited - deleted):
        yield put(f"new{number % 97}/{number}", f"new {number}\n" * 2)


def run_measured(git_repo: GitRepo, count: int) -> tuple[int, int, int, int, list[str]]:
    import json

    git_repo.git("fast-import", "--quiet", stdin=b"".join(history(count)))
    command = [sys.executable, "-c", SCRIPT, str(git_repo.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    files, added, deleted, peak, notes = json.loads(done.stdout)
    return files, added, deleted, peak, notes


def test_many_files_are_all_there_and_the_bound_on_renames_is_told(git_repo: GitRepo) -> None:
    files, added, deleted, _, notes = run_measured(git_repo, 6_000)
    assert (files, added, deleted) == (6_000, 3_000 + 2 * 2_400, 600 * 5)
    assert any("identical content only" in note for note in notes)


@pytest.mark.soak
def test_fifty_thousand_files_fit_into_little_memory(git_repo: GitRepo) -> None:
    files, added, deleted, peak, notes = run_measured(git_repo, 50_000)
    assert (files, added, deleted) == (50_000, 25_000 + 2 * 20_000, 5_000 * 5)
    assert any("identical content only" in note for note in notes)
    assert peak < 200


def test_a_bound_on_renames_hides_no_path(git_repo: GitRepo) -> None:
    """What was moved and edited shows as a deletion and an addition where similar content is not looked for."""
    lines = "".join(f"line {number}\n" for number in range(50))
    for number in range(1_100):
        git_repo.write(f"old/{number}", f"{number}\n{lines}")
    git_repo.commit("base")
    git_repo.branch("work")
    git_repo.git("mv", "old", "new")
    for number in range(1_100):
        git_repo.write(f"new/{number}", f"{number}\n{lines}edited\n" if number else f"{number}\n{lines}")
    git_repo.commit("work")
    with Repository.discover(git_repo.path) as repo:
        change = measure(repo, repo.resolve("main"), Head.commit(repo.resolve("work")))
    assert len({path for file in change.files for path in file.paths}) == 2_200
    assert [file.paths for file in change.files if file.status is FileStatus.RENAMED] == [("old/0", "new/0")]


@pytest.mark.parametrize("size", [20 << 20, pytest.param(100 << 20, marks=pytest.mark.soak)])
def test_a_huge_file_is_measured_without_being_held(git_repo: GitRepo, size: int) -> None:
    line = b"x" * 99 + b"\n"
    text = line * (size // 100)
    git_repo.commit("base", text=text, blob=b"\0" * size)
    git_repo.write("text", text + b"more\n")
    git_repo.write("blob", b"\0" * size + b"\1")
    git_repo.write("one-line", b"y" * size)
    del text
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    change = measured(git_repo)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    told = {file.path: (file.added, file.deleted, file.binary) for file in change.files}
    assert told == {"blob": (0, 0, True), "one-line": (1, 0, False), "text": (1, 0, False)}
    assert grown < size // 2


def measured(git_repo: GitRepo) -> Change:
    with Repository.discover(git_repo.path) as repo:
        return measure(repo, repo.resolve("main"), Head.worktree())
