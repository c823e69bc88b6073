"""Which working spec governs a change: a named one, the commits' trailer, the branch name, or the only active one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent_agency.errors import SpecSelectionError
from agent_agency.facts import display_path
from agent_agency.workflows.spec_on_file import SpecOnFile

TRAILER = "CAWS-Spec"


@dataclass(frozen=True, slots=True)
class ChosenSpec:
    """The governing spec and how it was chosen: ``option``, ``trailer``, ``branch`` or ``only_active``."""

    spec: SpecOnFile
    chosen_by: str


def choose_spec(
    specs: Sequence[SpecOnFile], *, option: str | None, trailers: Sequence[str], branch: str | None
) -> ChosenSpec:
    """Choose the spec that governs.

    Args:
        specs: all specs at the base, valid or not.
        option: what ``--spec`` names.
        trailers: values of the ``CAWS-Spec`` trailers of the commits under review.
        branch: the branch under review.

    Raises:
        SpecSelectionError: when none, or more than one, claims the change; the candidates are named.
    """
    if option is not None:
        return ChosenSpec(_by_id(specs, option, "--spec"), "option")
    named = sorted({value.strip() for value in trailers if value.strip()})
    if len(named) > 1:
        raise _undecided(f"The commits name several specs in {TRAILER} trailers: {', '.join(named)}", specs)
    if named:
        return ChosenSpec(_by_id(specs, named[0], f"the {TRAILER} trailer"), "trailer")
    on_branch = _on_branch(specs, branch or "")
    if on_branch:
        return ChosenSpec(
            _single(on_branch, specs, f"The branch name {branch!r} holds the ids of several specs"), "branch"
        )
    active = [spec for spec in specs if spec.lifecycle == "active"]
    if not active:
        raise _undecided("No active working spec at the base claims this change", specs)
    return ChosenSpec(_single(active, specs, "Several active working specs could claim this change"), "only_active")


def _on_branch(specs: Sequence[SpecOnFile], branch: str) -> list[SpecOnFile]:
    """List the specs whose id stands in the branch name; ``API-FEAT-1`` there does not also name ``FEAT-1``."""
    named = [spec for spec in specs if spec.id and _names(branch, spec.id)]
    ids = [spec.id or "" for spec in named]
    return [spec for spec in named if not any(spec.id != other and _names(other, spec.id or "") for other in ids)]


def _by_id(specs: Sequence[SpecOnFile], wanted: str, source: str) -> SpecOnFile:
    matching = [spec for spec in specs if spec.id == wanted]
    if not matching:
        raise _undecided(f"{source} names {wanted!r}, and the base holds no such spec", specs)
    return _single(matching, specs, f"Several files at the base hold the spec {wanted!r}")


def _single(matching: Sequence[SpecOnFile], specs: Sequence[SpecOnFile], problem: str) -> SpecOnFile:
    if len(matching) > 1:
        raise _undecided(problem, matching or specs)
    return matching[0]


def _names(branch: str, spec_id: str) -> bool:
    """Whether the id stands in the branch name as a whole word, in any letter case."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(spec_id)}(?![A-Za-z0-9])", branch, re.IGNORECASE) is not None


def _undecided(problem: str, specs: Sequence[SpecOnFile]) -> SpecSelectionError:
    listed = ", ".join(f"{spec.id or '(no id)'} ({spec.lifecycle}, {display_path(spec.path)})" for spec in specs)
    if not specs:
        fix = "The base holds no specs: write one with 'agency init' and commit it to the base branch."
    else:
        fix = f"Name one with --spec ID. Candidates: {listed}."
    return SpecSelectionError(problem, fix=fix)
