"""Publication: binding a recorded ruling to its commit, so that whoever has the commit finds the ruling.

The binding is the line ``CAWS-VERDICT-ID: R-…``: in a git note on a commit that exists, or as a trailer in the message
of a commit that is being made. No commit that exists is ever changed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from agent_agency.attestation.keys import PublicKey
from agent_agency.attestation.principals import Principals
from agent_agency.clock import Clock
from agent_agency.errors import FileUnreadableError, LedgerError, LedgerMovedError, NoCommonAncestorError, UsageError
from agent_agency.git import Repository, notes
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.workflows.ruling_statement import read_recorded_ruling
from agent_agency.workflows.whole_file import write_whole

TRAILER = "CAWS-VERDICT-ID"
PUBLISHED = "published"
RULING = "ruling"
_APPROVING = frozenset({"approved", "waived"})
_MOST_MESSAGE = 1024 * 1024
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Publication:
    """Where a ruling is bound: ``commit`` with a note, or ``file`` with a trailer; ``new`` where it was not before."""

    ruling_id: str
    verdict: str
    commit: str | None
    file: str | None
    new: bool


@dataclass(frozen=True, slots=True)
class Publisher:
    """Binds the rulings of one repository.

    Args:
        repo: the repository.
        ledger: its record.
        principals: those at the base, where arbiters may be listed.
        own: this user's own arbiter key.
        clock: dates the notes.
    """

    repo: Repository
    ledger: Ledger
    principals: Principals
    own: Collection[PublicKey]
    clock: Clock

    def note(self, ruling_id: str | None, commit: str | None) -> Publication:
        """Put the line into the note on the commit that was ruled on.

        Args:
            ruling_id: which ruling; ``None`` takes the newest on that commit.
            commit: a commit of the tree that was ruled on, where the work was not committed then; ``None`` is the
                commit that was ruled on, or HEAD.

        Raises:
            LedgerError: there is no such ruling.
            NotSignedError: the ruling is not signed as it must be.
            UsageError: the commit is not what was ruled on.
        """
        target = self.repo.resolve(commit) if commit is not None else None
        if ruling_id is None:
            target = target or self.repo.resolve("HEAD")
            entry = self._newest_on(self.repo.tree_of(target), {target, None})
        else:
            entry = self._named(ruling_id)
            target = target or entry.body["head"]["commit"] or self.repo.resolve("HEAD")
        self._refuse_other_commit(entry, target)
        ruling_id = str(entry.body["ruling_id"])
        new = notes.add_line(self.repo, target, f"{TRAILER}: {ruling_id}", self.clock.now())
        self._record(ruling_id, {"commit": target, "by": "note"})
        return Publication(ruling_id, str(entry.body["verdict"]), target, None, new)

    def trailer(self, ruling_id: str | None, file: Path) -> Publication | None:
        """Put the trailer into the message of the commit that is being made, for a commit-msg hook.

        The answer is ``None``, and the message as it was, where the ruling approves nothing: a commit must not claim
        what it does not have.

        Args:
            ruling_id: which ruling; ``None`` takes the newest on what is staged.
            file: the message.

        Raises:
            LedgerError: there is no such ruling.
            NotSignedError: the ruling is not signed as it must be.
            UsageError: it is on something else than what is staged.
            FileUnreadableError: the message cannot be read.
            FileUnwritableError: it cannot be written.
        """
        staged = self.repo.freeze_index()
        entry = self._named(ruling_id) if ruling_id is not None else self._newest_on(staged)
        if entry.body["head"]["tree"] != staged:
            raise UsageError(
                f"{entry.body['ruling_id']} is on another tree than what is staged",
                fix="Stage exactly what was reviewed, or review what is staged: agency review --staged.",
            )
        if entry.body["verdict"] not in _APPROVING:
            return None
        ruling_id = str(entry.body["ruling_id"])
        before = _message(file)
        after = self.repo.view.git(_trailer_command(ruling_id), stdin=before)
        if after != before:
            write_whole(file, after)
        self._record(ruling_id, {"tree": staged, "by": "trailer"})
        return Publication(ruling_id, str(entry.body["verdict"]), None, str(file), after != before)

    def _named(self, ruling_id: str) -> Entry:
        found = [entry for entry in self.ledger.about(f"{RULING}:{ruling_id}") if entry.kind == RULING]
        return self._checked(found, f"{ruling_id!r}", "agency ledger list names the rulings.")

    def _newest_on(self, tree: str, commits: Collection[str | None] | None = None) -> Entry:
        """The newest ruling on a tree, where it was one of these commits."""
        heads = ((entry, entry.body["head"]) for entry in self.ledger.of_kinds({RULING}))
        found = [
            entry for entry, head in heads if head["tree"] == tree and (commits is None or head["commit"] in commits)
        ]
        return self._checked(found, f"on tree {tree[:12]}", "Review it first.")

    def _checked(self, found: list[Entry], which: str, fix: str) -> Entry:
        if not found:
            raise LedgerError(f"There is no ruling {which} in the record", fix=fix, code="ledger.no_ruling")
        read_recorded_ruling(found[-1].body, self.principals, self.own)
        return found[-1]

    def _refuse_other_commit(self, entry: Entry, commit: str) -> None:
        """A ruling is on a change: another commit has it where its tree is the same and it has the same base."""
        head, base = entry.body["head"], entry.body["base"]["merge_base"]
        if head["commit"] == commit:
            return
        if head["commit"] is None and self.repo.tree_of(commit) == head["tree"] and self._contains(commit, base):
            return
        raise UsageError(
            f"{entry.body['ruling_id']} is not on commit {commit[:12]}",
            fix="Review that commit; a ruling is on one change only.",
        )

    def _contains(self, commit: str, base: str) -> bool:
        try:
            return base in self.repo.merge_bases(commit, base)
        except NoCommonAncestorError:
            return base == self.repo.empty_tree

    def _record(self, ruling_id: str, where: dict[str, str]) -> None:
        """Say once in the record where the ruling is bound."""
        subject = f"{RULING}:{ruling_id}"
        body = {"subject": subject, **where}
        for _ in range(_ATTEMPTS):
            known = self.ledger.about(subject)
            if any(entry.kind == PUBLISHED and dict(entry.body) == body for entry in known):
                return
            try:
                self.ledger.append_all([Draft(PUBLISHED, body)], unless_moved={subject: known[-1].seq})
            except LedgerMovedError:
                continue
            return
        raise LedgerError("Other processes wrote about the ruling each time", fix="Try again.", code="ledger.moved")


def _trailer_command(ruling_id: str) -> list[str]:
    options = ["--no-divider", "--if-exists", "replace", "--if-missing", "add"]
    return ["interpret-trailers", *options, "--trailer", f"{TRAILER}: {ruling_id}"]


def _message(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_MESSAGE + 1)
    except OSError as error:
        raise FileUnreadableError(
            f"The message cannot be read: {error.strerror or error}",
            fix="Name the file that git gives.",
            path=str(file),
        ) from error
    if len(data) > _MOST_MESSAGE:
        raise FileUnreadableError("The message is too long", fix="Name the file that git gives.", path=str(file))
    return data
