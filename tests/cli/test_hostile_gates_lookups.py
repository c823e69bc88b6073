"""Programs and settings that a change brings for the tools to find: none takes the place of the caller's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from agent_agency.sandbox.probe import probe
from support.law import lawful_repo
from support.unguarded import review_at

EVIL = "#!/bin/sh\ntouch owned\nexit 0\n"
GATES = {
    "by-name": ["agency-no-such-tool"],
    "of-the-system": ["sh", "-c", "test ! -e owned"],
    "of-node": ["agency-node-tool"],
    "python": [sys.executable, "-c", "import os, sys; sys.exit(os.path.exists('owned') or 'PYTHONPATH' in os.environ)"],
}
FILES = {
    "agency-no-such-tool": EVIL,
    "sh": EVIL,
    "src/sh": EVIL,
    "node_modules/.bin/agency-node-tool": EVIL,
    "sitecustomize.py": "open('owned', 'w')\n",
    "src/sitecustomize.py": "open('owned', 'w')\n",
    "src/evil.pth": "import os; open('owned', 'w')\n",
}


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("lookups")
    tables = [
        f"[[gate]]\nname = {json.dumps(name)}\nkind = 'custom'\nargv = {json.dumps(argv)}\n"
        for name, argv in GATES.items()
    ]
    repo = lawful_repo(folder / "repo", config="\n".join(tables))
    for name, text in FILES.items():
        repo.write(name, text).chmod(0o755)
    repo.commit("Attack")
    path = os.pathsep.join(["", ".", "src", "./node_modules/.bin", str(repo.path), "/usr/bin", "/bin"])
    variables = {**os.environ, "PATH": path, "PYTHONPATH": "src", "PYTHONSTARTUP": "src/sitecustomize.py"}
    document = review_at(probe().isolation, repo.path, variables, base="main", head="work")
    return {gate["name"]: gate for gate in document["gates"]}


@pytest.mark.parametrize("name", ["by-name", "of-node"])
def test_a_program_of_the_change_is_not_found(gates: dict[str, Any], name: str) -> None:
    assert gates[name]["status"] in {"not_run", "error"}, gates[name]["reason"]
    assert "not found" in gates[name]["reason"]


@pytest.mark.parametrize("name", ["of-the-system", "python"])
def test_a_program_of_the_system_is_run_as_it_is(gates: dict[str, Any], name: str) -> None:
    assert gates[name]["status"] == "pass", gates[name]["reason"]


def test_the_program_would_be_found_by_a_plain_search(tmp_path: Path) -> None:
    import shutil
    import subprocess

    (tmp_path / "sh").write_text(EVIL)
    (tmp_path / "sh").chmod(0o755)
    found = shutil.which("sh", path=f"{tmp_path}:/bin")
    assert found is not None
    subprocess.run([found], cwd=tmp_path, check=True)
    assert (tmp_path / "owned").exists()
