"""Why a report is refused: inside the readers an exception, at their rim a value (``model.ReportProblem``)."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Stable codes for machines."""

    FORMAT_UNKNOWN = "report.format_unknown"
    MISSING = "report.missing"
    UNREADABLE = "report.unreadable"
    EMPTY = "report.empty"
    TOO_LARGE = "report.too_large"
    TOO_MANY = "report.too_many"
    TOO_DEEP = "report.too_deep"
    TOKEN_TOO_LONG = "report.token_too_long"  # noqa: S105 - a piece of syntax, not a credential
    TRUNCATED = "report.truncated"
    SYNTAX = "report.syntax"
    FORBIDDEN_XML = "report.forbidden_xml"
    WRONG_SHAPE = "report.wrong_shape"
    VERSION = "report.version_unsupported"
    NUMBER_INVALID = "report.number_invalid"
    DUPLICATE = "report.duplicate"
    COUNT_MISMATCH = "report.count_mismatch"
    INCOMPLETE = "report.incomplete"
    TOOL_FAILED = "report.tool_failed"
    NOTHING_CHECKED = "report.nothing_checked"


class Refused(Exception):  # noqa: N818 - never leaves the package: read_report turns it into a value
    """A report that proves nothing. ``message`` is one sentence without a trailing full stop."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
