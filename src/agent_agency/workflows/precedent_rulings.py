"""What precedents ask of the record: recorded rulings with their facts, their authors, and whether they are final."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from agent_agency.arbitration.appeals.model import LAST_LEVEL, Appeals
from agent_agency.arbitration.precedents.model import CaseFeatures, RecordedRuling
from agent_agency.attestation.arbiter_act import ARBITER_ROLE
from agent_agency.attestation.principals import Principals
from agent_agency.config import Config, LawLimits, read_config
from agent_agency.errors import GitError, NotSignedError, PrecedentError
from agent_agency.git import Repository
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import LedgerView
from agent_agency.workflows.appeal_sources import AppealSources, matter_on_record
from agent_agency.workflows.law import CONFIG_PATH
from agent_agency.workflows.record import RULING, Record
from agent_agency.workflows.ruling_statement import read_recorded_ruling

_LEAST = 4


class RulingsOnRecord:
    """Reads rulings from the ledger, each once; how appeals stand is read when it is first asked for.

    Where the principals list an arbiter, only what an arbiter signed is a ruling on record. Who wrote its change is
    told by the first entry that records it: nobody has the signature before, to record it with other authors.
    """

    def __init__(
        self, repo: Repository, record: Record, view: LedgerView, now: datetime, principals: Principals
    ) -> None:
        self._view = view
        self._principals = principals
        self._repo = repo
        self._record = record
        self._now = now
        self._limits: Callable[[str], LawLimits | None] = cache(self._read_limits)
        self._sources = AppealSources(repo, record)
        self.of: Callable[[str, str], RecordedRuling | None] = cache(self._on_record)

    def named(self, reference: str) -> RecordedRuling:
        """The ruling that a person means, as it was recorded last: by its id, or a beginning that no other has.

        Raises:
            PrecedentError: none or several are meant.
            LedgerError: the ledger cannot be read or does not verify.
        """
        entries = self._entries(reference) or self._beginning(reference)
        ids = {str(entry.body.get("ruling_id")) for entry in entries}
        if len(ids) != 1:
            what = f"Several rulings begin with {reference}" if ids else f"There is no ruling {reference}"
            raise PrecedentError(what, fix="Run agency ledger list for their ids.", code="precedent.no_ruling")
        ruling = self._read(ids.pop(), entries[-1].hash)
        if ruling is None:
            raise PrecedentError(f"There is no ruling {reference}", fix="Run agency ledger verify.")
        return ruling

    def _beginning(self, reference: str) -> tuple[Entry, ...]:
        if len(reference) < _LEAST:
            return ()
        rulings = self._record.ledger.of_kinds({RULING})
        return tuple(entry for entry in rulings if str(entry.body.get("ruling_id")).startswith(reference))

    def _entries(self, ruling_id: str) -> tuple[Entry, ...]:
        about = self._view.about(f"{RULING}:{ruling_id}")
        return tuple(entry for entry in about if entry.kind == RULING)

    def _is_vouched(self, entry: Entry) -> bool:
        if not self._principals.with_role(ARBITER_ROLE):
            return True
        try:
            read_recorded_ruling(entry.body, self._principals)
        except NotSignedError:
            return False
        return True

    def _on_record(self, ruling_id: str, entry_hash: str) -> RecordedRuling | None:
        vouched = any(one.hash == entry_hash and self._is_vouched(one) for one in self._entries(ruling_id))
        return self._read(ruling_id, entry_hash) if vouched else None

    def _read(self, ruling_id: str, entry_hash: str) -> RecordedRuling | None:
        entries = self._entries(ruling_id)
        entry = next((one for one in entries if one.hash == entry_hash), None)
        if entry is None:
            return None
        features = CaseFeatures.read(entry.body.get("features"))
        first = next(filter(self._is_vouched, entries), entry)
        appeals = self._appeals(ruling_id)
        against = appeals.of_ruling(ruling_id)
        return RecordedRuling(
            id=ruling_id,
            entry=entry.hash,
            seq=entry.seq,
            at=datetime.fromisoformat(entry.ts),
            verdict=str(entry.body.get("verdict")),
            case=str(entry.body.get("case_file")),
            authors=_authors(first.body),
            tier=_tier(features),
            final_from=None if any(one.open for one in against) else self._final_from(appeals, entries[-1]),
            replaced_by=next((one.result.ruling for one in against if one.result is not None), ""),
            features=features,
        )

    def _final_from(self, appeals: Appeals, newest: Entry) -> datetime | None:
        at = datetime.fromisoformat(newest.ts)
        leading = appeals.leading_to(str(newest.body.get("ruling_id")))
        if leading is not None and leading.level == LAST_LEVEL:
            return at
        law = newest.body.get("law")
        commit = law.get("commit") if isinstance(law, dict) else None
        limits = self._limits(commit) if isinstance(commit, str) else None
        return None if limits is None else at + timedelta(days=limits.appeal_days)

    def _read_limits(self, commit: str) -> LawLimits | None:
        """The limits of the law that a ruling was made under; ``None`` where they cannot be read whole."""
        try:
            data = self._repo.read_blob(commit, CONFIG_PATH)
        except GitError:
            return None
        config = Config() if data is None else read_config(data, CONFIG_PATH)
        return config.law if isinstance(config, Config) else None

    def _appeals(self, ruling_id: str) -> Appeals:
        """How the appeals of one ruling's matter stand."""
        entries = matter_on_record(self._view, f"{RULING}:{ruling_id}")
        if not entries:
            return Appeals()
        from agent_agency.arbitration.appeals.fold import fold_appeals

        return fold_appeals(entries, self._sources, self._now)


def _authors(body: Any) -> tuple[str, ...]:
    change = body.get("change")
    authors = change.get("authors") if isinstance(change, dict) else None
    return tuple(str(one) for one in authors) if isinstance(authors, list) else ()


def _tier(features: CaseFeatures | None) -> int | None:
    told = features.values.get("tier", ()) if features else ()
    return int(told[0]) if len(told) == 1 and told[0].isdigit() else None
