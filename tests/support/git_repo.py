"""A real git repository that a test builds step by step."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_NO_CLEANING = ("-c", "maintenance.auto=false", "-c", "gc.auto=0")
"""Each commit would start a second process, which looks whether it is time to pack."""


@cache
def _newly_made() -> tuple[tuple[str, bytes | None], ...]:
    """What git writes for a new repository, but its samples of hooks: paths in ``.git``, with no bytes for a folder."""
    with tempfile.TemporaryDirectory() as folder:
        made = GitRepo(Path(folder))
        made.git("init", "-q", "-b", "main")
        made.git("config", "user.name", "Test Author")
        made.git("config", "user.email", "author@example.org")
        made.git("config", "commit.gpgsign", "false")
        inside = made.path / ".git"
        paths = [path for path in sorted(inside.rglob("*")) if path.suffix != ".sample"]
        return tuple((str(path.relative_to(inside)), path.read_bytes() if path.is_file() else None) for path in paths)


@dataclass(frozen=True)
class GitRepo:
    """A repository at ``path``; every method runs the real git."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> GitRepo:
        """What ``git init`` and three settings make, written again: four processes for each test cost a minute."""
        (path / ".git").mkdir(parents=True)
        for name, content in _newly_made():
            if content is None:
                (path / ".git" / name).mkdir()
            else:
                (path / ".git" / name).write_bytes(content)
        return cls(path)

    def git(self, *args: str, stdin: bytes | None = None) -> str:
        done = subprocess.run(
            ["git", *_NO_CLEANING, *args], cwd=self.path, input=stdin, capture_output=True, check=False
        )
        if done.returncode != 0:
            raise AssertionError(f"git {' '.join(args)}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def write(self, name: str, content: str | bytes = "") -> Path:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def commit(self, message: str = "change", **files: str | bytes) -> str:
        for name, content in files.items():
            self.write(name, content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self._head()

    def _head(self) -> str:
        """The commit just made: its branch is a file of its own, unless it is a linked working tree or the like."""
        inside = self.path / ".git"
        try:
            head = (inside / "HEAD").read_text("utf-8").strip()
            return (inside / head[5:]).read_text("utf-8").strip() if head.startswith("ref: ") else head
        except OSError:
            return self.git("rev-parse", "HEAD")

    def branch(self, name: str, start: str = "main") -> None:
        self.git("checkout", "-q", "-b", name, start)

    def checkout(self, name: str) -> None:
        self.git("checkout", "-q", name)
