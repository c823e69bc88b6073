"""The versions of a judge's prompt: what there is, how two differ, and making one active.

Version 0 is the prompt that the program ships and is always there. Every other one is an artefact in the store, made by
an optimiser or a person; none becomes active by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches, unified_diff
from typing import TYPE_CHECKING, Any

from agent_agency.canonical_json import canonical_json, digest_json
from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import JudgeError, PromptError
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.rubric import JUDGES
from agent_agency.judging.shipped import shipped_rubric
from agent_agency.learning.optimise.artefact import Artefact, prompt_document, read_artefact
from agent_agency.store import prompts as table
from agent_agency.store.database import Database
from agent_agency.store.prompts import SHIPPED, Activation, By, PromptVersion
from agent_agency.workflows.active_prompt import prompt_as_shipped
from agent_agency.workflows.learning_store import reading

if TYPE_CHECKING:
    from sqlalchemy import Connection

ACTIVE = "active"
LONGEST_REASON = 1000
_NUMBER = re.compile(r"v?(0|[1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A version with its prompt and its whole document; the shipped one has a document of its prompt alone."""

    judge: str
    version: int
    digest: str
    prompt: JudgePrompt
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Versions:
    """What there is of one judge: which version is active, those registered, and every act, the first one first."""

    judge: str
    active: int
    shipped: str
    registered: tuple[PromptVersion, ...]
    acts: tuple[Activation, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; the shipped version is the first."""
        first = {"version": SHIPPED, "digest": self.shipped, "at": None, "note": "shipped with the program"}
        kept = [{name: value for name, value in asdict(one).items() if name != "judge"} for one in self.registered]
        return {
            "judge": self.judge,
            "active": self.active,
            "versions": [{**one, "active": one["version"] == self.active} for one in (first, *kept)],
            "history": [{name: value for name, value in asdict(one).items() if name != "judge"} for one in self.acts],
        }


def list_versions(database: Database, judge: str = "") -> tuple[Versions, ...]:
    """What there is of one judge, or of all.

    Raises:
        PromptError: there is no such judge (``prompt.unknown_judge``).
    """
    with reading(database) as connection:
        judges = [known_judge(connection, judge)] if judge else _judges(connection)
        return tuple(_versions(connection, one) for one in judges)


def choose(database: Database, judge: str, version: str = ACTIVE) -> Chosen:
    """One version of a judge's prompt.

    Args:
        database: where.
        judge: a judge's name.
        version: its number, ``shipped``, or ``active``.

    Raises:
        PromptError: there is no such judge or version.
        LearningError: its artefact is none that this program can read.
        StoreError: its artefact is not the one that was registered.
    """
    with reading(database) as connection:
        name = known_judge(connection, judge)
        return _chosen(connection, name, _number_of(connection, name, version))


def register(database: Database, clock: Clock, artefact: Artefact, note: str = "") -> PromptVersion:
    """Keep an artefact as the next version of its judge, without making it active.

    Raises:
        StoreError: the database refused.
    """
    with database.write() as connection:
        at = rfc3339(clock.now())
        return table.register(connection, artefact.prompt.judge, dict(artefact.document), at=at, note=note)


def activate(database: Database, clock: Clock, judge: str, version: str, *, who: str, reason: str) -> Activation:
    """Make a version active, on somebody's word.

    Raises:
        PromptError: there is no such judge or version, nobody is named, or it is written for another rubric.
        LearningError: its artefact is none that this program can read.
        StoreError: its artefact is not the one that was registered.
    """
    by = _by(clock, who, reason)
    choose(database, judge, version)  # what there is not is refused before anything is written, a new database included
    with database.write() as connection:
        name = known_judge(connection, judge)
        chosen = _chosen(connection, name, _number_of(connection, name, version))
        _refuse_other_rubric(chosen)
        return table.activate(connection, name, chosen.version, by, shipped=_shipped_digest(name))


def rollback(
    database: Database, clock: Clock, judge: str, *, who: str, reason: str, expected: int | None = None
) -> Activation:
    """Make the version active that was active before the present one; again, the one before that.

    Args:
        database: where.
        clock: dates the act.
        judge: whose prompt.
        who: on whose word.
        reason: why.
        expected: the version that is believed to be active; another one now is refused.

    Raises:
        PromptError: nothing was active before, another version than expected is active, or nobody is named.
        StoreError: the artefact of the version before is not the one that was registered.
    """
    by = _by(clock, who, reason)
    list_versions(database, judge)  # likewise
    with database.write() as connection:
        name = known_judge(connection, judge)
        return table.rollback(connection, name, by, shipped=_shipped_digest(name), expected=expected)


def differences(old: Chosen, new: Chosen) -> dict[str, Any]:
    """How two versions of a prompt differ, JSON-ready: lines of the instructions, demonstrations, the rest by name."""
    before, after = old.prompt, new.prompt
    had, has = _shown(before), _shown(after)
    lines = unified_diff(
        before.instructions.splitlines(),
        after.instructions.splitlines(),
        f"version {old.version}",
        f"version {new.version}",
        lineterm="",
    )
    kept = [digest for digest in had if digest in has]
    return {
        "judge": new.judge,
        "from": old.version,
        "to": new.version,
        "same_prompt": before.digest == after.digest,
        "instructions": list(lines),
        "demonstrations": {
            "added": [has[digest] for digest in has if digest not in had],
            "removed": [had[digest] for digest in had if digest not in has],
            "kept": len(kept),
            "reordered": kept != [digest for digest in has if digest in had],
        },
        "changed": _changed(old.document, new.document),
    }


def known_judge(connection: Connection | None, name: str) -> str:
    """The name of a judge that has a prompt.

    Raises:
        PromptError: there is none of that name (``prompt.unknown_judge``).
    """
    judges = _judges(connection)
    if name in judges:
        return name
    close = get_close_matches(name, judges, n=1)
    raise PromptError(
        f"There is no judge {name!r}",
        fix=f"Did you mean {close[0]}?" if close else f"The judges are {', '.join(judges)}.",
        code="prompt.unknown_judge",
    )


def _judges(connection: Connection | None) -> list[str]:
    own = table.judges_with_versions(connection) if connection is not None else ()
    return [*JUDGES, *(name for name in own if name not in JUDGES)]


def _versions(connection: Connection | None, judge: str) -> Versions:
    if connection is None:
        return Versions(judge, SHIPPED, _shipped_digest(judge), (), ())
    acts = table.history(connection, judge)
    active = table.walked(acts)[-1]
    return Versions(judge, active, _shipped_digest(judge), table.versions_of(connection, judge), acts)


def _number_of(connection: Connection | None, judge: str, version: str) -> int:
    if version == ACTIVE:
        return table.active_version(connection, judge) if connection is not None else SHIPPED
    if version == "shipped":
        return SHIPPED
    found = _NUMBER.fullmatch(version)
    if found is None:
        raise PromptError(
            f"{version!r} is no version of a prompt",
            fix=f"Write a number, active or shipped; agency prompt list {judge} tells which there are.",
            code="prompt.unknown_version",
        )
    return int(found[1])


def _chosen(connection: Connection | None, judge: str, version: int) -> Chosen:
    if version == SHIPPED:
        prompt = _shipped(judge)
        document = {"judge": judge, "prompt": prompt_document(prompt), "prompt_digest": prompt.digest}
        return Chosen(judge, SHIPPED, digest_json(document), prompt, document)
    if connection is None:
        raise table.unknown_version(judge, version, [])
    kept = canonical_json(table.read_artefact(connection, judge, version))
    artefact = read_artefact(kept, f"{judge} version {version}")
    if artefact.prompt.judge != judge:
        raise PromptError(
            f"Version {version} of {judge} is a prompt of {artefact.prompt.judge}",
            fix=f"Activate another version of {judge}.",
            code="prompt.of_another_judge",
        )
    return Chosen(judge, version, artefact.digest, artefact.prompt, artefact.document)


def _shipped(judge: str) -> JudgePrompt:
    try:
        return prompt_as_shipped(judge)
    except JudgeError as error:
        fix = f"Take a registered version: agency prompt list {judge}."
        raise PromptError(f"No prompt is shipped for {judge}", fix=fix, code="prompt.unknown_version") from error


def _shipped_digest(judge: str) -> str:
    """The digest of version 0; empty for a project's own judge, which has none."""
    try:
        return _chosen(None, judge, SHIPPED).digest
    except PromptError:
        return ""


def _refuse_other_rubric(chosen: Chosen) -> None:
    if chosen.judge in JUDGES and chosen.prompt.rubric_digest != shipped_rubric(chosen.judge).digest:
        raise PromptError(
            f"Version {chosen.version} of {chosen.judge} is written for another rubric than the one in use",
            fix=f"Make it anew with agency optimize {chosen.judge}.",
            code="prompt.of_another_rubric",
        )


def _by(clock: Clock, who: str, reason: str) -> By:
    for name, text in (("who", who), ("why", reason)):
        if not text.strip() or not text.isprintable() or len(text) > LONGEST_REASON:
            raise PromptError(
                f"The act does not say {name}",
                fix="Name a person and a reason, one line each.",
                code="prompt.nobody" if name == "who" else "prompt.no_reason",
            )
    return By(who, reason, rfc3339(clock.now()))


def _shown(prompt: JudgePrompt) -> dict[str, dict[str, Any]]:
    """The demonstrations in their order, by a digest of what is shown."""
    document = prompt_document(prompt)["demonstrations"]
    return {
        digest_json(whole): {
            "subject": one.subject.id,
            "digest": one.subject.digest,
            "verdict": one.answer.verdict,
            "score": one.answer.score,
        }
        for one, whole in zip(prompt.demonstrations, document, strict=True)
    }


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Members of two documents that differ, each as it was and as it is; scores are no part of what is asked."""
    names = ("answer_schema", "parameters", "engine", "optimizer", "data", "metric", "libraries", "parents")
    both = [name for name in names if name in old and name in new]
    return {name: [old[name], new[name]] for name in both if old[name] != new[name]}
