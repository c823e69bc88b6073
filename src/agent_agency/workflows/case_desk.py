"""What the commands about cases work with: the record, and the law of the base that cases are measured against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from agent_agency.clock import Clock
from agent_agency.errors import LawError
from agent_agency.git import Repository
from agent_agency.workflows.measured_rulings import MeasuredRulings
from agent_agency.workflows.vouched_rulings import is_vouched

if TYPE_CHECKING:
    from agent_agency.attestation.principals import Principals
    from agent_agency.config import LawLimits
    from agent_agency.ledger.journal import Ledger

FOLDER = "agency"
EVIDENCE_FOLDER = "evidence"


@dataclass(frozen=True, slots=True)
class CaseDesk:
    """The record of a repository and the present moment; ``environment`` is the process's."""

    repo: Repository
    ledger: Ledger
    environment: Mapping[str, str]
    now: datetime

    @classmethod
    def open(
        cls, repo: Repository, clock: Clock, new_id: Callable[[], str], environment: Mapping[str, str]
    ) -> CaseDesk:
        """Open the record of a repository; nothing is read yet."""
        from agent_agency.ledger.opening import open_ledger

        ledger = open_ledger(repo.common_dir / FOLDER, clock, new_id, environment)
        return cls(repo, ledger, environment, clock.now())

    def principals(self, base: str | None) -> Principals:
        """Those whom the base lists.

        Raises:
            LawError: the list cannot be read.
            UnknownRevisionError: the base means no commit.
        """
        from agent_agency.workflows.principals_at import principals_at

        return principals_at(self.repo, self._commit(base))

    def limits(self, base: str | None) -> LawLimits:
        """The limits of the law at the base.

        Raises:
            LawError: the law cannot be read.
            UnknownRevisionError: the base means no commit.
        """
        from agent_agency.workflows.law import read_law

        law = read_law(self.repo, self._commit(base), self.now)
        if law.problems:
            first = law.problems[0]
            message = f"The law at the base cannot be read: {first.message}"
            raise LawError(message, fix=first.remedy, path=first.place.path, line=first.place.line)
        return law.limits

    def rulings(self, base: str | None) -> MeasuredRulings:
        """The rulings of the record that count as the arbiter's.

        Raises:
            LawError: the list of principals cannot be read.
            UnknownRevisionError: the base means no commit.
        """
        from agent_agency.evidence import EvidenceStore
        from agent_agency.workflows.check_heads import own_arbiter_keys
        from agent_agency.workflows.key_folder import KeyFolder

        own = own_arbiter_keys(KeyFolder.of(self.environment))
        vouched = partial(is_vouched, principals=self.principals(base), own=own)
        evidence = EvidenceStore(self.repo.common_dir / FOLDER / EVIDENCE_FOLDER)
        return MeasuredRulings(self.ledger, vouched, evidence.get)

    def _commit(self, base: str | None) -> str:
        return self.repo.resolve(base or self.repo.default_base())
