"""The one taxonomy of errors that a person may meet.

Every error has a stable ``code`` for machines, one sentence for what happened, and the next step. A face turns it
into one line on standard error (or one JSON envelope) and the exit code; no caller ever shows a traceback for it.

A problem *inside* a document is not an error but a ``facts.Finding``: errors are for what could not be read or run.
"""

from __future__ import annotations

from typing import ClassVar


class AgencyError(Exception):
    """What kept a command from doing its job.

    Args:
        message: what happened, one sentence without a trailing full stop.
        fix: the next step for the person, one sentence.
        path: the file at fault, where there is one.
        line: its line, counted from 1.
        code: a more exact code than the class's own, under the same family.
    """

    code: ClassVar[str] = "agency.failed"
    exit_code: ClassVar[int] = 2
    answered: ClassVar[bool] = False
    """Whether the command's answer stands on standard output already, so that the error belongs on standard error."""

    def __init__(
        self, message: str, *, fix: str, path: str | None = None, line: int | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.path = path
        self.line = line
        self.stable_code = code or self.code

    def as_dict(self) -> dict[str, object]:
        """The diagnostic envelope of ``--json`` output; keys without a value are null."""
        return {
            "severity": "error",
            "code": self.stable_code,
            "message": self.message,
            "path": self.path,
            "line": self.line,
            "fix": self.fix,
        }


class UsageError(AgencyError):
    """The command line asks for something that does not exist or does not fit together."""

    code = "usage.invalid"


class MissingExtraError(AgencyError):
    """A library of an optional extra is needed and not installed."""

    code = "usage.extra_missing"


class EngineError(AgencyError):
    """A model engine is unknown, cannot be reached, or answered something that cannot be used.

    Args:
        message: as `AgencyError`.
        fix: as `AgencyError`.
        path: as `AgencyError`.
        line: as `AgencyError`.
        code: as `AgencyError`.
        retry_after_s: seconds after which asking again may help, where that is known, as of ``engine.busy``.
    """

    code = "engine.failed"

    def __init__(
        self,
        message: str,
        *,
        fix: str,
        path: str | None = None,
        line: int | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, fix=fix, path=path, line=line, code=code)
        self.retry_after_s = retry_after_s


class JudgeError(AgencyError):
    """A judge, a rubric, a panel or a recorded judgement is not what it must be."""

    code = "judge.invalid"


class LearningError(AgencyError):
    """A data set, an optimisation, an experiment or a trend cannot be made of what was given."""

    code = "learning.invalid"


class PromptError(AgencyError):
    """A version of a judge's prompt is not there, or cannot become active."""

    code = "prompt.refused"


class EvaluationError(AgencyError):
    """An evaluation or a label is not what it must be, is not known, or cannot be brought in."""

    code = "evaluation.invalid"


class AllowanceUsedUpError(AgencyError):
    """The spending, time or call allowance that was given is used up; what was done so far is kept."""

    code = "allowance.used_up"
    exit_code = 3


class FileUnreadableError(AgencyError):
    """A file is missing, too large, not a regular file, or may not be read."""

    code = "file.unreadable"


class FileUnwritableError(AgencyError):
    """A file or folder could not be written; nothing was left half-written."""

    code = "file.unwritable"


class GitError(AgencyError):
    """Git refused, is missing, or answered something that cannot be trusted."""

    code = "git.failed"


class NotARepositoryError(GitError):
    """The folder is in no git repository."""

    code = "git.not_a_repository"


class UnknownRevisionError(GitError):
    """A name resolves to no commit of this repository."""

    code = "git.unknown_revision"


class NoCommonAncestorError(GitError):
    """Base and head share no history, or a shallow clone hides it."""

    code = "git.no_common_ancestor"


class SpecSelectionError(AgencyError):
    """No spec, or more than one, claims the change."""

    code = "spec.selection"


class LawError(AgencyError):
    """The law at the base exists but cannot be applied (unreadable, invalid)."""

    code = "law.invalid"


class LedgerError(AgencyError):
    """The ledger could not be read, locked or written."""

    code = "ledger.failed"


class LedgerCorruptError(LedgerError):
    """The ledger does not verify, so nothing may be appended to it."""

    code = "ledger.corrupt"


class LedgerMovedError(LedgerError):
    """Somebody else wrote about the same subject in between; read again and decide anew."""

    code = "ledger.moved"


class StoreError(LedgerError):
    """The database that the ledger is kept in could not be reached, read or written."""

    code = "store.failed"


class CaseError(AgencyError):
    """A case cannot take what was asked of it, is not known, or its entries contradict each other."""

    code = "case.failed"


class AppealError(AgencyError):
    """An appeal or a review of one does not count: no standing, no ground, too late, or of the wrong person."""

    code = "appeal.refused"


class PrecedentError(AgencyError):
    """An act about a precedent would not count, or no such precedent or ruling exists."""

    code = "precedent.refused"


class ExperimentError(AgencyError):
    """An experiment or a trend is not known, has stopped, or cannot take what was given; nothing was recorded."""

    code = "experiment.refused"


class EvidenceError(AgencyError):
    """Evidence is missing, changed, or could not be stored."""

    code = "evidence.failed"


class NotSignedError(AgencyError):
    """An act does not count: its signature is missing, malformed, of nobody who is listed, or does not verify.

    Args:
        reason: a clause that says why, without a full stop.
    """

    code = "signature.not_signed"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The act does not count: {reason}",
            fix="Have it signed by a principal whom .agency/principals.toml lists at the base.",
        )
        self.reason = reason


class SigningError(AgencyError):
    """A key is missing, unreadable or may not be used for this act, or its keeper refused to sign."""

    code = "signature.refused"


class DatasetError(AgencyError):
    """The training set, or a program that it is made of, is missing, has another form, or does not prove its labels."""

    code = "dataset.failed"


class InternalError(AgencyError):
    """A defect of this program, caught at the rim so that it cannot be taken for an answer."""

    code = "internal.defect"

    def __init__(self, cause: BaseException) -> None:
        super().__init__(
            f"A defect in agency stopped it ({type(cause).__name__}: {' '.join(str(cause).split())[:200]})",
            fix="Please report it, with what AGENCY_TRACEBACK=1 in front of the command prints.",
        )
