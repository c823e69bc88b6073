from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from support.git_repo import GitRepo


def _doctor(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent_agency", "doctor", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_table_names_every_check_and_the_three_systems(git_repo: GitRepo) -> None:
    git_repo.commit("first", **{"a.py": "x = 1\n"})
    done = _doctor(git_repo.path)
    assert (done.returncode, done.stderr) == (1, "")
    for word in ("python", "git", "yaml", "law", "ledger", "user namespaces", "Linux", "macOS", "Windows", "WSL"):
        assert word in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


def test_json_is_one_document_with_the_same_answers(tmp_path: Path) -> None:
    done = _doctor(tmp_path, "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["exit_code"], document["schema_version"]) == (2, 2, 1)
    standing = {check["name"]: check["standing"] for check in document["checks"]}
    assert standing["repository"] == "missing"
    assert [row["system"] for row in document["support"]] == ["Linux", "macOS", "Windows"]
