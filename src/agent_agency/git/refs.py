"""Names of commits: what a name means, and which name a change is held against by default."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from agent_agency.errors import UnknownRevisionError
from agent_agency.git.process import Finished

Attempt = Callable[[Sequence[str]], Finished]

_USUAL_DEFAULTS = ("main", "master")
_SPACES = ("refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SUFFIX = re.compile(r"[\^~:]|@\{")


def resolve(attempt: Attempt, name: str) -> str:
    """The id of the commit that ``name`` means.

    A short name that means several refs at different commits is refused: git would prefer a tag, so that whoever may
    write a tag called ``main`` could choose the law.

    Raises:
        UnknownRevisionError: when it means no commit, or more than one.
    """
    if not name or "\0" in name or name.startswith("-"):
        raise UnknownRevisionError(f"{name!r} is no name of a commit", fix="Name a branch, a tag or a commit id.")
    done = attempt(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"])
    commit = done.stdout.decode("ascii", "replace").strip()
    if done.code != 0 or not _FULL_ID.fullmatch(commit):
        raise UnknownRevisionError(
            f"{name!r} names no commit here",
            fix="Check the spelling, or fetch it first (git fetch origin); git branch -a lists what there is.",
        )
    short = _SUFFIX.split(name, maxsplit=1)[0]
    meanings = meant_refs(attempt, short)
    if len(set(meanings.values())) > 1:
        raise UnknownRevisionError(
            f"{name!r} may mean {' or '.join(meanings)}", fix=f"Write one in full, e.g. {next(reversed(meanings))}."
        )
    if _taken_otherwise(attempt, short, meanings):
        raise UnknownRevisionError(
            f"{name!r} means {' or '.join(meanings)}, but git takes it for a file of that name in its own folder",
            fix=f"Remove that file, or write {next(reversed(meanings))}.",
        )
    return commit


def _taken_otherwise(attempt: Attempt, name: str, meanings: Mapping[str, str]) -> bool:
    """Whether git prefers something that is no such ref: a file ``.git/main`` comes before the branch ``main``."""
    if not meanings or _FULL_ID.fullmatch(name):
        return False
    done = attempt(["rev-parse", "--verify", "--quiet", "--end-of-options", name])
    return done.stdout.decode("ascii", "replace").strip() not in meanings.values()


def meant_refs(attempt: Attempt, name: str) -> dict[str, str]:
    """Every ref that a short name may mean, with the object it points to, in git's order of preference."""
    if not name or name == "HEAD":
        return {}
    wanted = [space.format(name) for space in _SPACES]
    done = attempt(["for-each-ref", "--format=%(refname) %(objectname)", *wanted])
    found = dict(line.split(" ") for line in done.stdout.decode("utf-8", "surrogateescape").splitlines())
    return {ref: found[ref] for ref in wanted if ref in found}


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
        if _exists(attempt, candidate):
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
    return short if list(meant_refs(attempt, short)) == [ref] else ref
