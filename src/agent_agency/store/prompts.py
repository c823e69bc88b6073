"""Versions of a judge's prompt, and which of them is active.

A version is an artefact, kept as its canonical JSON under its digest and checked whenever it is read; versions are
numbered from 1 without a gap, for each judge. Version 0 is the prompt that the program ships: it needs no row and is
always there. Nothing becomes active by itself: an act by a person says who and why, and stays on record. Prompts
belong to the database, not to one repository: those who share the database share its judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from agent_agency.canonical_json import canonical_json, digest_bytes, parse_canonical
from agent_agency.errors import PromptError, StoreError
from agent_agency.store.statements import next_number, run

if TYPE_CHECKING:
    from sqlalchemy import Connection

SHIPPED = 0
"""The version of the prompt that comes with the program."""

Act = Literal["activate", "rollback"]


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """One registered artefact: its number among the judge's versions, its digest, since when, and a note."""

    judge: str
    version: int
    digest: str
    at: str
    note: str


@dataclass(frozen=True, slots=True)
class Activation:
    """One act: which version it made active, by whom and why; ``digest`` is that of the version's artefact."""

    judge: str
    version: int
    digest: str
    act: Act
    at: str
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class By:
    """Who acts, why, and when (RFC 3339, UTC)."""

    who: str
    reason: str
    at: str


def register(
    connection: Connection, judge: str, artefact: Mapping[str, Any], *, at: str, note: str = ""
) -> PromptVersion:
    """Keep an artefact as the judge's next version; one that is there already keeps its number.

    Args:
        connection: a writer's, so that numbers have no gaps whoever registers meanwhile.
        judge: whose prompt.
        artefact: plain JSON data.
        at: the moment, RFC 3339 in UTC.
        note: for people.

    Raises:
        PromptError: the artefact is no plain JSON data (``prompt.not_json``).
    """
    try:
        data = canonical_json(dict(artefact))
    except ValueError as error:
        fix = "Give numbers that are finite, and text, lists and objects of them."
        raise PromptError(f"The artefact is no plain JSON: {error}", fix=fix, code="prompt.not_json") from error
    digest = digest_bytes(data)
    known = _of_digest(connection, judge, digest)
    if known is not None:
        return known
    query = "SELECT coalesce(max(version), 0) + 1 FROM agency_prompt_versions WHERE judge = :judge"
    made = PromptVersion(judge, int(run(connection, query, judge=judge).scalar_one()), digest, at, note)
    run(
        connection,
        "INSERT INTO agency_prompt_versions (judge, version, digest, artefact, at, note) "
        "VALUES (:judge, :version, :digest, :artefact, :at, :note)",
        judge=judge,
        version=made.version,
        digest=digest,
        artefact=data,
        at=at,
        note=note,
    )
    return made


def versions_of(connection: Connection, judge: str) -> tuple[PromptVersion, ...]:
    """What was registered for a judge, the first version first; the shipped one has no row."""
    query = "SELECT judge, version, digest, at, note FROM agency_prompt_versions WHERE judge = :judge ORDER BY version"
    return tuple(_version(row) for row in run(connection, query, judge=judge))


def judges_with_versions(connection: Connection) -> tuple[str, ...]:
    """The judges that something was registered for, in the order of their names."""
    query = "SELECT DISTINCT judge FROM agency_prompt_versions"
    return tuple(sorted(str(row[0]) for row in run(connection, query)))


def read_artefact(connection: Connection, judge: str, version: int) -> dict[str, Any]:
    """The artefact of a registered version.

    Raises:
        PromptError: there is no such version (``prompt.unknown_version``).
        StoreError: what lies there is not what was registered (``store.tampered``).
    """
    query = "SELECT artefact, digest FROM agency_prompt_versions WHERE judge = :judge AND version = :version"
    found = run(connection, query, judge=judge, version=version).one_or_none()
    if found is None:
        raise unknown_version(judge, version, [one.version for one in versions_of(connection, judge)])
    data = bytes(found[0])
    try:
        artefact = parse_canonical(data) if digest_bytes(data) == found[1] else None
    except ValueError:
        artefact = None
    if not isinstance(artefact, dict):
        raise StoreError(
            f"The artefact of {judge} version {version} is not the one that was registered",
            fix=f"Do not use it: activate another version of {judge}, or restore the database from a backup.",
            code="store.tampered",
        )
    return artefact


def history(connection: Connection, judge: str) -> tuple[Activation, ...]:
    """Every act about a judge's versions, the first one first."""
    query = (
        "SELECT judge, version, digest, act, at, who, reason FROM agency_activations "
        "WHERE judge = :judge ORDER BY number"
    )
    return tuple(_activation(row) for row in run(connection, query, judge=judge))


def walked(acts: Iterable[Activation]) -> tuple[int, ...]:
    """The versions that a rollback walks back over: the first is the shipped one, the last is active.

    To activate what is active already adds none, so that a rollback always leads to another version.
    """
    stack = [SHIPPED]
    for one in acts:
        if one.act == "rollback":
            stack = stack[:-1] or [SHIPPED]
        elif stack[-1] != one.version:
            stack.append(one.version)
    return tuple(stack)


def active_version(connection: Connection, judge: str) -> int:
    """The number of the version that is active now; the shipped one where nobody has activated any."""
    return walked(history(connection, judge))[-1]


def activate(connection: Connection, judge: str, version: int, by: By, *, shipped: str) -> Activation:
    """Make a version active.

    Args:
        connection: a writer's.
        judge: whose.
        version: one that is registered, or the shipped one.
        by: who, why and when.
        shipped: the digest of the shipped prompt, for the record of an act that names it.

    Raises:
        PromptError: there is no such version.
        StoreError: its artefact is not the one that was registered.
    """
    return _act(connection, judge, version, "activate", by, shipped)


def rollback(connection: Connection, judge: str, by: By, *, shipped: str, expected: int | None = None) -> Activation:
    """Make the version active that was active before the present one; again, the one before that.

    Args:
        connection: a writer's.
        judge: whose.
        by: who, why and when.
        shipped: the digest of the shipped prompt.
        expected: the version that whoever acts believes to be active; of two who roll the same one back at the same
            time, the second is refused.

    Raises:
        PromptError: nothing was active before (``prompt.nothing_before``), or another one than expected is active now
            (``prompt.moved``).
        StoreError: the artefact of the version before is not the one that was registered.
    """
    stack = walked(history(connection, judge))
    if expected is not None and stack[-1] != expected:
        raise PromptError(
            f"Version {stack[-1]} of {judge} is active now, not {expected}",
            fix=f"Look at agency prompt list {judge} and decide anew.",
            code="prompt.moved",
        )
    if len(stack) == 1:
        raise PromptError(
            f"No other version of {judge} was active before",
            fix=f"Choose one: agency prompt list {judge}.",
            code="prompt.nothing_before",
        )
    return _act(connection, judge, stack[-2], "rollback", by, shipped)


def unknown_version(judge: str, version: int, known: Sequence[int]) -> PromptError:
    """The refusal of a version that nobody registered."""
    last = max(known, default=SHIPPED)
    if last:
        fix = f"Take one of 0 (shipped) to {last}; agency prompt list {judge} tells more."
    else:
        fix = f"There is only version 0, the shipped one; run agency optimize {judge} for another."
    return PromptError(f"{judge} has no version {version}", fix=fix, code="prompt.unknown_version")


def _act(connection: Connection, judge: str, version: int, act: Act, by: By, shipped: str) -> Activation:
    digest = shipped
    if version != SHIPPED:
        digest = digest_bytes(canonical_json(read_artefact(connection, judge, version)))
    done = Activation(judge, version, digest, act, by.at, by.who, by.reason)
    run(
        connection,
        "INSERT INTO agency_activations (number, judge, version, digest, act, at, who, reason) "
        "VALUES (:number, :judge, :version, :digest, :act, :at, :who, :reason)",
        number=next_number(connection, "agency_activations"),
        judge=judge,
        version=version,
        digest=digest,
        act=act,
        at=by.at,
        who=by.who,
        reason=by.reason,
    )
    return done


def _of_digest(connection: Connection, judge: str, digest: str) -> PromptVersion | None:
    query = (
        "SELECT judge, version, digest, at, note FROM agency_prompt_versions WHERE judge = :judge AND digest = :digest"
    )
    found = run(connection, query, judge=judge, digest=digest).one_or_none()
    return _version(found) if found is not None else None


def _version(row: Sequence[Any]) -> PromptVersion:
    judge, version, digest, at, note = row
    return PromptVersion(str(judge), int(version), str(digest), str(at), str(note))


def _activation(row: Sequence[Any]) -> Activation:
    judge, version, digest, act, at, who, reason = row
    return Activation(
        str(judge),
        int(version),
        str(digest),
        "rollback" if act == "rollback" else "activate",
        str(at),
        str(who),
        str(reason),
    )
