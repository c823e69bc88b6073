"""What a gate's tool says of the base, measured once and kept from one review to the next.

A kept run is a report file and a few values under the digest of all that the run depends on. What does not read back
whole, or no longer matches the digest that was noted, is measured again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.checkout import Checkout
from agent_agency.gates.report_of_run import read_kept_document, read_kept_report
from agent_agency.gates.reports.model import ReportProblem
from agent_agency.gates.tool_run import ToolRun
from agent_agency.sandbox.model import Ended, Isolation, Outcome

BASE = "base"
MOST_KEPT = 64
LARGEST_KEPT = 64 * 2**20


@dataclass(frozen=True, slots=True)
class BaseRuns:
    """A folder of kept runs; ``key_of`` gives the digest of what a gate's run over the base depends on.

    ``folder`` ``None`` keeps nothing; so does a gate whose key is ``None``.
    """

    folder: Path | None
    key_of: Callable[[ConfiguredGate], str | None]

    def load(self, gate: ConfiguredGate) -> ToolRun | None:
        """A kept run of this gate over this base, or ``None``."""
        place = self._place(gate)
        if place is None or gate.report is None:
            return None
        try:
            noted = json.loads((place / "run.json").read_bytes())
            exit_code, digest, isolation = noted["exit_code"], noted["digest"], Isolation(noted["isolation"])
            root = noted["root"]
            if type(exit_code) is not int or type(root) is not str or _digest(place / "report") != digest:
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        outcome = Outcome(Ended.EXITED, exit_code, None, b"", b"", 0, "", 0.0, isolation)
        report = read_kept_report(gate, place / "report")
        if isinstance(report, ReportProblem):
            return None
        document = read_kept_document(gate, place / "report")
        return ToolRun(outcome, report, digest, document=document, part=BASE, root=root)

    def keep(self, gate: ConfiguredGate, ran: ToolRun, checkout: Checkout) -> None:
        """Keep a run whose tool ended by itself and left something that could be read; a full disk keeps nothing."""
        place = self._place(gate)
        outcome = ran.outcome
        if place is None or gate.report is None or outcome is None or ran.stopped() is not None:
            return
        if ran.document is None and (ran.report is None or isinstance(ran.report, ReportProblem)):
            return
        if any(kept.get("redacted") or kept.get("problem") for kept in ran.evidence):
            return  # what holds credentials is kept nowhere as it is
        report = checkout.root / gate.report
        with contextlib.suppress(OSError):
            if report.stat().st_size <= LARGEST_KEPT:
                self._write(place, report, outcome, str(checkout.root))

    def _write(self, place: Path, report: Path, outcome: Outcome, root: str) -> None:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._make_room(place.parent)
        made = Path(tempfile.mkdtemp(prefix=".incoming-", dir=place.parent))
        try:
            shutil.copyfile(report, made / "report", follow_symlinks=False)
            noted = {
                "exit_code": outcome.exit_code,
                "digest": _digest(made / "report"),
                "isolation": str(outcome.isolation),
                "root": root,
            }
            (made / "run.json").write_text(json.dumps(noted), "utf-8")
            shutil.rmtree(place, ignore_errors=True)
            made.rename(place)
        finally:
            shutil.rmtree(made, ignore_errors=True)

    @staticmethod
    def _make_room(folder: Path) -> None:
        kept = sorted(folder.iterdir(), key=lambda entry: entry.stat().st_mtime, reverse=True)
        for old in kept[MOST_KEPT - 1 :]:
            shutil.rmtree(old, ignore_errors=True)

    def _place(self, gate: ConfiguredGate) -> Path | None:
        key = None if self.folder is None else self.key_of(gate)
        return None if self.folder is None or key is None else self.folder / key.removeprefix("sha256:")


def _digest(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
