"""What the commits of a range say of themselves: who wrote them, and their trailers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent_agency.errors import GitError
from agent_agency.git.view import ObjectView

# The parts of a commit are parted by NUL, which a commit cannot hold; unfolding leaves no line break in a trailer.
_FORMAT = "%ae%x00%an%x00%ce%x00%cn%x00%(trailers:only=true,unfold=true,separator=%x00)"

_PEOPLE = 4
_CO_AUTHOR = "co-authored-by"
_ASSISTANTS = frozenset({"assisted-by", "generated-by"})
_AGENT_ADDRESSES = frozenset(
    {
        "noreply@anthropic.com",
        "noreply@openai.com",
        "cursoragent@cursor.com",
        "aider@aider.chat",
        "copilot@github.com",
        "198982749+copilot@users.noreply.github.com",
        "google-labs-jules[bot]@users.noreply.github.com",
        "devin-ai-integration[bot]@users.noreply.github.com",
    }
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """How many commits a range has, how many of them name no author's address, and which agents their trailers name."""

    commits: int
    without_author: int
    agents: tuple[str, ...]


class History:
    """Reads ranges of commits, named by object ids; the last range is kept, as one review asks for it twice."""

    def __init__(self, view: ObjectView) -> None:
        self._view = view
        self._kept: tuple[tuple[str, ...], list[list[str]]] = ((), [])

    def author_emails(self, revisions: Sequence[str]) -> frozenset[str]:
        """Who had a hand in the commits that ``git rev-list REVISIONS`` names: authors, committers, co-authors.

        By e-mail address; an author without one by name. Of a ``Co-authored-by`` trailer the address if it tells one.

        Raises:
            GitError: when a commit of the range cannot be read.
        """
        rows = [row[:_PEOPLE] for row in self._commits(revisions)]
        people = {person for email, name, committer, _ in rows for person in (email or name, committer)}
        return frozenset(filter(None, people | {_address(value) for value in self._co_authors(revisions)}))

    def author_names(self, revisions: Sequence[str]) -> frozenset[str]:
        """The names that the same people go by, which tell less than an address.

        Raises:
            GitError: when a commit of the range cannot be read.
        """
        names = {name for row in self._commits(revisions) for name in (row[1], row[3])}
        names |= {value.partition("<")[0].strip() for value in self._co_authors(revisions)}
        return frozenset(filter(None, names))

    def trailers(self, revisions: Sequence[str], key: str) -> frozenset[str]:
        """The values of all trailers called ``key``, in any case, in the commits that ``git rev-list REVISIONS`` names.

        Raises:
            GitError: when a commit of the range cannot be read.
        """
        return frozenset(value for name, value in self._all_trailers(revisions) if value and name == key.lower())

    def provenance(self, revisions: Sequence[str]) -> Provenance:
        """What the commits that ``git rev-list REVISIONS`` names say of where they come from.

        Raises:
            GitError: when a commit of the range cannot be read.
        """
        rows = self._commits(revisions)
        named = [value for name, value in self._all_trailers(revisions) if name in _ASSISTANTS and value]
        named += [value for value in self._co_authors(revisions) if _address(value).casefold() in _AGENT_ADDRESSES]
        return Provenance(len(rows), sum(not row[0].strip() for row in rows), tuple(sorted(set(named))))

    def _co_authors(self, revisions: Sequence[str]) -> list[str]:
        return [value for name, value in self._all_trailers(revisions) if name == _CO_AUTHOR]

    def _all_trailers(self, revisions: Sequence[str]) -> Iterator[tuple[str, str]]:
        for _, _, _, _, *trailers in self._commits(revisions):
            for trailer in trailers:
                name, _, value = trailer.partition(":")
                yield name.strip().lower(), value.strip()

    def _commits(self, revisions: Sequence[str]) -> list[list[str]]:
        asked = tuple(revisions)
        if self._kept[0] != asked:
            told = self._view.git(["rev-list", "--no-commit-header", f"--format={_FORMAT}", *asked, "--"])
            rows = told.decode("utf-8", "surrogateescape").split("\n")[:-1]
            if not all(row.count("\0") >= _PEOPLE for row in rows):
                raise GitError("git rev-list gave a record that cannot be read", fix="Run git fsck in this repository.")
            self._kept = asked, [row.split("\0") for row in rows]
        return self._kept[1]


def _address(person: str) -> str:
    """The address of ``Name <address>``, else the whole text."""
    found = re.search(r"<([^<>]+)>\s*\Z", person)
    return found[1] if found else person
