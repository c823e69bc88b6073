"""Names of commits: what a name means, and which name a change is held against by default."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Protocol

from agent_agency.errors import UnknownRevisionError
from agent_agency.git.process import Finished


class Attempt(Protocol):
    """Runs git in the repository, with something on its standard input or nothing; any exit code comes back."""

    def __call__(self, args: Sequence[str], stdin: bytes | None = None, /) -> Finished:
        """Run ``git ARGS``."""
        ...


_USUAL_DEFAULTS = ("main", "master")
_SPACES = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_OBJECT = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64}) (?:commit|tag|tree|blob)")
_SUFFIX = re.compile(r"[\^~:]|@\{")


def resolve(attempt: Attempt, names: Sequence[str]) -> tuple[str, ...]:
    """The ids of the commits that ``names`` mean, in order.

    A short name that means several refs at different commits is refused: git would prefer a tag, so that whoever may
    write a tag called ``main`` could choose the law.

    Raises:
        UnknownRevisionError: when one means no commit, or more than one.
    """
    for name in names:
        if not name or {"\0", "\n"} & set(name) or name.startswith("-"):
            raise UnknownRevisionError(f"{name!r} is no name of a commit", fix="Name a branch, a tag or a commit id.")
    shorts = [_SUFFIX.split(name, maxsplit=1)[0] for name in names]
    questions = [
        question for name, short in zip(names, shorts, strict=True) for question in (f"{name}^{{commit}}", short)
    ]
    objects = _objects(attempt, questions)
    meanings = meant_refs(attempt, shorts)
    return tuple(
        _judged(name, short, commit, taken, meant)
        for name, short, commit, taken, meant in zip(names, shorts, objects[::2], objects[1::2], meanings, strict=True)
    )


def _judged(name: str, short: str, commit: str | None, taken: str | None, meanings: dict[str, str]) -> str:
    if commit is None:
        raise UnknownRevisionError(
            f"{name!r} names no commit here",
            fix="Check the spelling, or fetch it first (git fetch origin); git branch -a lists what there is.",
        )
    if short in meanings:
        return commit  # a name in full is taken for nothing else
    if len(set(meanings.values())) > 1:
        raise UnknownRevisionError(
            f"{name!r} may mean {' or '.join(meanings)}", fix=f"Write one in full, e.g. {next(reversed(meanings))}."
        )
    if meanings and not _FULL_ID.fullmatch(short) and taken not in meanings.values():
        # A file .git/main comes before the branch main.
        raise UnknownRevisionError(
            f"{name!r} means {' or '.join(meanings)}, but git takes it for a file of that name in its own folder",
            fix=f"Remove that file, or write {next(reversed(meanings))}.",
        )
    return commit


def _objects(attempt: Attempt, names: Sequence[str]) -> list[str | None]:
    """The id of the object that git takes each name for; ``None`` where there is none."""
    try:
        asked = os.fsencode("".join(f"{name}\n" for name in names))
    except UnicodeEncodeError:
        return [None] * len(names)
    done = attempt(["cat-file", "--batch-check=%(objectname) %(objecttype)"], asked)
    found = [_OBJECT.fullmatch(row) for row in done.stdout.split(b"\n")[:-1]]
    # There are names at which git ends, such as main@{upstream} without one: the others are asked once more.
    found += [None] * (len(names) - len(found))
    told = [match[1].decode("ascii") if match else None for match in found]
    return told if done.code == 0 or len(names) == 1 else [_objects(attempt, [name])[0] for name in names]


def meant_refs(attempt: Attempt, names: Sequence[str]) -> list[dict[str, str]]:
    """Of each short name every ref that it may mean, with the object that this points to, in git's preference."""
    wanted = [[space.format(name) for space in _SPACES] if name not in {"", "HEAD"} else [] for name in names]
    if not any(wanted):
        return [{} for _ in names]
    done = attempt(["for-each-ref", "--format=%(refname) %(objectname)", *dict.fromkeys(chain.from_iterable(wanted))])
    found = dict(line.split(" ") for line in done.stdout.decode("utf-8", "surrogateescape").splitlines())
    return [{ref: found[ref] for ref in refs if ref in found} for refs in wanted]


def current_branch(attempt: Attempt) -> str | None:
    """The short name of the branch that HEAD is on; ``None`` when detached."""
    ref = _symbolic(attempt, "HEAD")
    return ref.removeprefix("refs/heads/") if ref and ref.startswith("refs/heads/") else None


def default_base(attempt: Attempt, usual_name: Callable[[], str | None]) -> str:
    """The ref that a change is held against when nobody names one.

    The upstream of the current branch, when it is another branch's (a branch pushed under its own name is the author's
    own work, not the law); else the default branch: of the remote, or local. Last, the branch's own upstream.
    ``usual_name`` tells how the user calls default branches; it is asked when nothing else answers.

    Raises:
        UnknownRevisionError: when there is none of these.
    """
    if attempt(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).code != 0:
        raise UnknownRevisionError(
            "HEAD names no commit here, so there is no base to measure from",
            fix="Make a first commit, or name a commit with --base.",
        )
    branch = current_branch(attempt)
    upstream = _upstream(attempt, branch) if branch else None
    default = _default_branch(attempt, usual_name)
    if upstream and branch and (default is None or not _is_own_copy(upstream, branch) or upstream == default):
        return _short(attempt, upstream)
    if default is None:
        raise UnknownRevisionError(
            "no upstream and no default branch was found to measure from",
            fix="Name the branch that the change goes to with --base, e.g. --base origin/main.",
        )
    return _short(attempt, default)


def _is_own_copy(upstream: str, branch: str) -> bool:
    remote, _, name = upstream.removeprefix("refs/remotes/").partition("/")
    return upstream.startswith("refs/remotes/") and bool(remote) and (name == branch or name.endswith(f"/{branch}"))


def _default_branch(attempt: Attempt, usual_name: Callable[[], str | None]) -> str | None:
    done = attempt(["for-each-ref", "--format=%(refname)", "refs/remotes"])
    remote_refs = done.stdout.decode("utf-8", "surrogateescape").splitlines()
    heads = [ref for ref in remote_refs if ref.endswith("/HEAD") and ref.count("/") == 3]  # noqa: PLR2004 - refs/remotes/NAME/HEAD
    preferred = [ref for ref in heads if ref == "refs/remotes/origin/HEAD"] or heads
    if len(preferred) == 1 and (target := _symbolic(attempt, preferred[0])):
        return target
    spaces = ("refs/remotes/origin", "refs/heads")
    for candidate in (f"{space}/{name}" for space in spaces for name in _USUAL_DEFAULTS):
        listed = candidate in remote_refs or candidate.startswith("refs/heads/")
        if listed and _exists(attempt, candidate):
            return candidate
    name = usual_name()
    return next((f"{space}/{name}" for space in spaces if name and _exists(attempt, f"{space}/{name}")), None)


def _upstream(attempt: Attempt, branch: str) -> str | None:
    done = attempt(["for-each-ref", "--format=%(refname) %(upstream)", f"refs/heads/{branch}"])
    for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
        ref, _, upstream = line.partition(" ")
        if ref == f"refs/heads/{branch}" and upstream and _exists(attempt, upstream):
            return upstream
    return None


def _exists(attempt: Attempt, ref: str) -> bool:
    return attempt(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"]).code == 0


def _symbolic(attempt: Attempt, name: str) -> str | None:
    done = attempt(["symbolic-ref", "--quiet", name])
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n") if done.code == 0 else None


def _short(attempt: Attempt, ref: str) -> str:
    short = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    return short if list(meant_refs(attempt, [short])[0]) == [ref] else ref
