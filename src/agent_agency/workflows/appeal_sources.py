"""What appeals ask of the record and the repository: recorded rulings with their cases, and the law of a hearing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from agent_agency.arbitration.appeals.corrections import RecordedCase, Standpoint
from agent_agency.arbitration.appeals.matter import entries_of_matter
from agent_agency.arbitration.appeals.model import APPEAL_KINDS, AppealedRuling, Court, Parties
from agent_agency.arbitration.case_file import Case, from_json
from agent_agency.arbitration.constitution.model import Constitution
from agent_agency.attestation.principals import Principals
from agent_agency.canonical_json import parse_json
from agent_agency.config import Config, LawLimits, read_config
from agent_agency.errors import AppealError, EvidenceError, GitError, LawError
from agent_agency.git import Repository
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import LedgerView
from agent_agency.workflows.check_evidence import EntryEvidence
from agent_agency.workflows.law import CONFIG_PATH
from agent_agency.workflows.principals_at import principals_at
from agent_agency.workflows.record import RULING, Record
from agent_agency.workflows.vouched_rulings import is_vouched

_BRANCHES = ("refs/heads/", "refs/remotes/")
_NO_BRANCH = re.compile(r"[~^:?*\[\\\s\x00-\x1f\x7f]|\.\.|@\{")
"""What no name of a branch holds (git-check-ref-format): a revision like ``main~1`` follows other branches too."""


def matter_on_record(view: LedgerView, subject: str) -> tuple[Entry, ...]:
    """The entries of the matter of an appeal or a ruling, by its subject.

    Raises:
        LedgerError: the ledger cannot be read or does not verify.
    """
    return entries_of_matter(subject, lambda named: view.naming(named, APPEAL_KINDS))


class AppealSources:
    """Reads rulings from the ledger and courts from the base, each once."""

    def __init__(self, repo: Repository, record: Record) -> None:
        self._repo = repo
        self._record = record
        self._court: Callable[[str, str | None], Court | None] = cache(self._read_court)
        self._limits: Callable[[str], LawLimits | None] = cache(self._read_limits)
        self._listed: Callable[[str], Principals | None] = cache(self._read_listed)

    def ruling(self, ruling_id: str, entry_hash: str) -> AppealedRuling | None:
        """The recorded ruling that both name, or ``None`` where there is none, or its document is not there whole."""
        entry = next((one for one in self.entries_of(ruling_id) if one.hash == entry_hash), None)
        return None if entry is None else self.as_appealed(entry)

    def entries_of(self, ruling_id: str) -> tuple[Entry, ...]:
        """The entries that record rulings of this id and are signed by the arbiter, oldest first."""
        about = self._record.ledger.about(f"{RULING}:{ruling_id}")
        return tuple(entry for entry in about if entry.kind == RULING and self._is_the_arbiters(entry))

    def reviewed(self, ruling_id: str) -> Entry | None:
        """The newest entry of this id that records what a review measured, not what an appeal made of it."""
        return next((one for one in reversed(self.entries_of(ruling_id)) if one.body.get("appeal_of") is None), None)

    def as_appealed(self, entry: Entry) -> AppealedRuling | None:
        """A recorded ruling as an appeal sees it; ``None`` where its document is not there whole."""
        document = self.document(entry)
        if document is None:
            return None
        appeal_of = entry.body.get("appeal_of")
        return AppealedRuling(
            id=_ruling_id(entry),
            entry=entry.hash,
            seq=entry.seq,
            at=datetime.fromisoformat(entry.ts),
            verdict=str(entry.body.get("verdict")),
            parties=parties_of(document),
            rests_on=frozenset(named.digest for named in EntryEvidence.of(entry).named),
            case=str(entry.body.get("case_file")),
            appeal_of=appeal_of if isinstance(appeal_of, str) else "",
        )

    def document(self, entry: Entry) -> Mapping[str, Any] | None:
        """The stored document of a ruling, ``None`` where it is not there whole."""
        try:
            document = parse_json(self._record.evidence.get(str(entry.body.get("document"))))
        except (EvidenceError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    def court(self, root: AppealedRuling, commit: str | None) -> Court | None:
        """The court for the ruling of a review: the base as it is now, or as it was at a commit of its history.

        Its limits are those of the law that the ruling was made under. ``None`` where the list of principals or the
        limits cannot be read, or the commit is not of the base's history.
        """
        return self._court(root.id + " " + root.entry, commit)

    def limits_of(self, root: AppealedRuling) -> LawLimits:
        """The limits of the law that the ruling of a review was made under; the built-in ones where it has none."""
        entry = next((one for one in self.entries_of(root.id) if one.hash == root.entry), None)
        law = _member(entry.body, "law", "commit") if entry else None
        return (self._limits(law) if law else None) or LawLimits()

    def _read_court(self, name: str, commit: str | None) -> Court | None:
        ruling_id, _, entry_hash = name.partition(" ")
        entry = next((one for one in self.entries_of(ruling_id) if one.hash == entry_hash), None)
        law = _member(entry.body, "law", "commit") if entry else None
        if entry is None or law is None:
            return None
        ref = _member(entry.body, "base", "ref")
        tip = self._tip(law, None if ref == _member(entry.body, "head", "branch") else ref)
        chosen = tip if commit is None else commit
        if not (self._is_ancestor(chosen, tip) and self._is_ancestor(law, chosen)):
            return None
        limits = self._limits(law)
        principals = self._listed(chosen)
        if limits is None or principals is None:
            return None
        return Court(principals, chosen, limits.appeal_reviewers, limits.appeal_days, limits.case_days)

    def _tip(self, law: str, ref: str | None) -> str:
        """Where the base stands now, if it is a branch that has grown from the ruling's law; else the ruling's law.

        A revision that is no branch, or the branch of the change itself, is moved by whoever works on the change.
        """
        for prefix in _BRANCHES if ref and not _NO_BRANCH.search(ref) else ():
            try:
                tip = self._repo.resolve(f"{prefix}{ref}")
            except GitError:
                continue
            if self._is_ancestor(law, tip):
                return tip
        return law

    def _is_ancestor(self, commit: str, tip: str) -> bool:
        if commit == tip:
            return True
        try:
            return self._repo.merge_bases(commit, tip) == (commit,)
        except GitError:
            return False

    def _read_limits(self, commit: str) -> LawLimits | None:
        try:
            data = self._repo.read_blob(commit, CONFIG_PATH)
        except GitError:
            return None
        if data is None:
            return LawLimits()
        config = read_config(data, CONFIG_PATH)
        return config.law if isinstance(config, Config) else None

    def _is_the_arbiters(self, entry: Entry) -> bool:
        """Whether an arbiter signed what the entry says: a listed one, where the law lists any."""
        law = _member(entry.body, "law", "commit")
        principals = self._listed(law) if law else None
        if principals is None:
            return False
        return is_vouched(entry, principals)

    def _read_listed(self, commit: str) -> Principals | None:
        try:
            return principals_at(self._repo, commit)
        except (LawError, GitError):
            return None

    def recorded_case(self, entry: Entry) -> RecordedCase:
        """The case of a recorded ruling.

        Raises:
            AppealError: its case file or constitution is not there whole.
        """
        return RecordedCase(_ruling_id(entry), entry.seq, _standpoint(entry), self._case(entry))

    def _case(self, entry: Entry) -> Case:
        from agent_agency.arbitration.constitution.serialise import constitution_from

        def constitution_of(_: str) -> Constitution:
            return constitution_from(self._record.evidence.get(str(entry.body.get("constitution"))))

        try:
            return from_json(self._record.evidence.get(str(entry.body.get("case_file"))), constitution_of)
        except (EvidenceError, ValueError) as error:
            raise AppealError(
                f"The case of ruling {_ruling_id(entry)} cannot be heard again: {error}",
                fix="Restore the evidence folder from a backup; a pruned case cannot be appealed.",
                code="appeal.no_case",
            ) from error


def _ruling_id(entry: Entry) -> str:
    return str(entry.body.get("ruling_id"))


def parties_of(document: Mapping[str, Any]) -> Parties:
    """Who has a part in a ruling, as its document names them."""
    waivers = [waiver for waiver in document.get("waivers") or () if isinstance(waiver, Mapping)]
    return Parties(
        authors=_texts(_members(document.get("change")).get("authors")),
        requesters=tuple(str(one["requester"]) for one in waivers if one.get("requester")),
        approvers=tuple(dict.fromkeys(text for one in waivers for text in _texts(one.get("approvers")))),
    )


def _standpoint(entry: Entry) -> Standpoint:
    body = entry.body
    return Standpoint(
        tree=str(_member(body, "head", "tree")),
        merge_base=str(_member(body, "base", "merge_base")),
        law_commit=str(_member(body, "law", "commit")),
        law=str(_member(body, "law", "constitution")),
        spec=str(_member(body, "spec", "digest")),
    )


def _member(body: Mapping[str, Any], *path: str) -> str | None:
    value: Any = body
    for name in path:
        value = _members(value).get(name)
    return value if isinstance(value, str) else None


def _members(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, (list, tuple)) else ()
