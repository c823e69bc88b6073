"""A reader at a terminal: a folder, a shell whose folder, variables and last status carry over, a git identity."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from support.warm_command import warm

GITCONFIG = """\
[user]
    name = Ada Example
    email = ada@example.org
[init]
    defaultBranch = main
[advice]
    detachedHead = false
"""


@dataclass
class ShellSession:
    """Commands run one after the other by a real bash, as somebody who follows a page would type them.

    What stands for ``agency`` hands the command to a process that has imported the product.
    """

    root: Path
    status: int = 0
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.root / "reader"
        self.folder.mkdir()
        self._state = self.root / "state"
        self._state.write_text("")
        programs = self.root / "bin"
        programs.mkdir()
        warm().write_client(programs / "agency")
        home = self.root / "home"
        home.mkdir()
        (home / ".gitconfig").write_text(GITCONFIG)
        self._env = {
            "PATH": f"{programs}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.root),
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PAGER": "cat",
        }

    def write(self, name: str, text: str) -> None:
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")

    def run(self, command: str) -> str:
        """Run one command; gives what it wrote, standard error included, and keeps status, folder and variables."""
        after = '__status=$?; export -p > "$STATE"; pwd > "$STATE.pwd"; exit $__status'
        script = f'set -a; . "$STATE"\n(exit {self.status})\n{command}\n{after}'
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env={**self._env, "STATE": str(self._state)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self.status = done.returncode
        self.folder = Path((self.root / "state.pwd").read_text().strip())
        return done.stdout.decode("utf-8", "replace")
