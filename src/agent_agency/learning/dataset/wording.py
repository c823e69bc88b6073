"""How a task is put in words: many wordings, none of which tells how the change turned out."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

_OPENINGS = ("", "", "", "Bug report: ", "From the tracker: ", "A user writes: ", "Ticket: ", "Please: ")
_CLOSINGS = ("", "", " Keep the rest as it is.", " A test would be good.", " Nothing else is needed.", " Thanks.")
_BESIDE = (
    "`{other}` is right as it is.",
    "`{other}` is used by others and is not part of this.",
    "(`{other}` in the same file works.)",
    "Do not mind `{other}`, somebody else is at it.",
)
_SCOPES = (
    "Scope: {paths}.",
    "Only {paths} may change.",
    "Keep to {paths}.",
    "Allowed paths: {paths}.",
    "Stay within {paths}; everything else is somebody else's.",
)
_GIVEN_UP = (
    "The test `{test}` checks nothing any more and may be deleted.",
    "Delete `{test}`, which is obsolete.",
    "`{test}` should go: it tests a promise that we gave up.",
)


def word_task(
    chance: Random,
    *,
    asks: Sequence[str],
    scope: Sequence[str],
    beside: str = "",
    given_up: Sequence[str] = (),
) -> str:
    """Put what is asked, what may be touched and what is beside the point into one text.

    Args:
        chance: chooses the wording.
        asks: a sentence or two for each thing asked.
        scope: paths that may be touched.
        beside: a function to name that is not concerned.
        given_up: tests that may go.
    """
    parts = [chance.choice(_OPENINGS) + _joined(chance, asks) + chance.choice(_CLOSINGS)]
    parts += [chance.choice(_GIVEN_UP).format(test=test) for test in given_up]
    if beside:
        parts.append(chance.choice(_BESIDE).format(other=beside))
    paths = [f"`{path}`" for path in scope]
    told = paths[0] if len(paths) == 1 else ", ".join(paths[:-1]) + " and " + paths[-1]
    scoped = chance.choice(_SCOPES).format(paths=told)
    return "\n".join([*parts, scoped] if chance.random() < 0.7 else [scoped, *parts])  # noqa: PLR2004 - mostly last


def _joined(chance: Random, asks: Sequence[str]) -> str:
    if len(asks) == 1:
        return asks[0]
    style = chance.randrange(3)
    if style == 0:
        return " ".join(f"{number}. {ask}" for number, ask in enumerate(asks, 1))
    if style == 1:
        return "\n".join(f"- {ask}" for ask in asks)
    return " Also: ".join(asks)
