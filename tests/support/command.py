"""Running the ``agency`` command as a user does: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Done:
    """What a run of the command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


def agency(*args: str, cwd: Path, stdin: str | None = None, env: dict[str, str] | None = None) -> Done:
    done = subprocess.run(
        [sys.executable, "-m", "agent_agency", *args],
        cwd=cwd,
        input=stdin.encode("utf-8", "surrogateescape") if stdin is not None else b"",
        capture_output=True,
        check=False,
        env={**os.environ, **(env or {})},
    )
    return Done(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8", "replace"))
