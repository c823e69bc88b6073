"""A git repository as the arbiter sees it: commits, trees, blobs, and its uncommitted state frozen as a tree."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import Self

from agent_agency.errors import GitError, NoCommonAncestorError
from agent_agency.facts import display_path
from agent_agency.git import freeze, refs
from agent_agency.git.history import History, Provenance
from agent_agency.git.listings import Listings
from agent_agency.git.location import Location, locate
from agent_agency.git.objects import ObjectReader, missing
from agent_agency.git.process import Finished, GitProgram, environment, failure
from agent_agency.git.settings import parse_settings, truth
from agent_agency.git.tree import TreeEntry, may_be_in_tree, parse_listing
from agent_agency.git.tree_writer import write_tree
from agent_agency.git.view import Filesystem, ObjectView

_SETTINGS_READ = r"^(core\.(filemode|symlinks|ignorecase)|remote\.origin\.url)$"
_OBJECT_ID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})(?:\^\{tree\})?")
_NEUTRAL_SETTINGS = (
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.hooksPath=/dev/null",
    "core.excludesFile=/dev/null",
    "core.attributesFile=/dev/null",
    "core.commitGraph=false",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.askPass=false",
    "credential.helper=",
    "diff.external=",
    "log.showSignature=false",
    "gc.auto=0",
    "maintenance.auto=false",
)


class Repository:
    """One repository, read through plumbing only.

    Names are resolved in the repository itself; everything that is measured is read through a private view of its
    objects (``view``), which no configuration, attribute file or replace ref of the repository reaches. Use it as a
    context manager, or ``close`` it: trees frozen by it live exactly as long as it does.
    """

    def __init__(self, program: GitProgram, location: Location) -> None:
        self._program = program
        self._location = location

    @classmethod
    def discover(cls, start: Path) -> Repository:
        """The repository that ``start`` lies in.

        Raises:
            NotARepositoryError: when it lies in none.
            GitError: when git is missing or too old, or refuses the repository (another user's).
        """
        program = GitProgram.find()
        return cls(program, locate(program, start))

    @classmethod
    def create(cls, folder: Path, *, branch: str) -> Repository:
        """A new, empty repository in an existing folder, with an unborn ``branch``.

        Raises:
            GitError: when git refuses.
        """
        program = GitProgram.find()
        args = ["init", "--quiet", "--template=", f"--initial-branch={branch}", "--", str(folder)]
        done = program.run(args, environment=environment(), folder=folder)
        if done.code != 0:
            raise failure(args, done)
        return cls(program, locate(program, folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End helper processes and remove the temporary objects; frozen trees are gone then."""
        for held in ("_listings", "_history"):
            self.__dict__.pop(held, None)
        if "objects" in self.__dict__:
            self.__dict__.pop("objects").close()
        if "view" in self.__dict__:
            self.__dict__.pop("view").close()

    @property
    def root(self) -> Path | None:
        """The top folder of the working tree; ``None`` when the repository is bare."""
        return self._location.root

    @property
    def git_dir(self) -> Path:
        """The git folder of this working tree."""
        return self._location.git_dir

    @property
    def common_dir(self) -> Path:
        """The git folder that all working trees of the repository share."""
        return self._location.common_dir

    @property
    def is_bare(self) -> bool:
        """Whether there is no working tree."""
        return self._location.root is None

    @property
    def object_format(self) -> str:
        """``sha1`` or ``sha256``."""
        return self._location.object_format

    @property
    def is_shallow(self) -> bool:
        """Whether the history is cut off."""
        return self.view.is_shallow

    @cached_property
    def view(self) -> ObjectView:
        """The private view of the objects, made on first use."""
        return ObjectView(
            self._program,
            self.common_dir / "objects",
            self.object_format,
            self.common_dir / "shallow",
            self._filesystem(),
        )

    @cached_property
    def objects(self) -> ObjectReader:
        """Reads single objects, frozen ones included."""
        return ObjectReader(self.view)

    @cached_property
    def _history(self) -> History:
        return History(self.view)

    @cached_property
    def _listings(self) -> Listings:
        return Listings(self.view)

    @cached_property
    def empty_tree(self) -> str:
        """The id of the tree without entries: the base of a first commit."""
        return write_tree(self.view, {})

    def git(self, args: Sequence[str], *, stdin: bytes | None = None) -> bytes:
        """Run git in the repository itself, user configuration and ``GIT_*`` variables set aside.

        Raises:
            GitError: when git exits with anything but 0.
        """
        done = self._attempt(args, stdin=stdin)
        if done.code != 0:
            raise failure(args, done)
        return done.stdout

    def resolve(self, name: str) -> str:
        """The commit id that ``name`` means.

        Raises:
            UnknownRevisionError: when it means none, or several refs at different commits.
        """
        return self.resolve_all([name])[0]

    def resolve_all(self, names: Sequence[str]) -> tuple[str, ...]:
        """The commit ids that several names mean, in order; one question to git for all of them.

        Raises:
            UnknownRevisionError: when one of them means none, or several refs at different commits.
        """
        return refs.resolve(self._attempt, names)

    def branch(self) -> str | None:
        """The current branch; ``None`` when HEAD is detached."""
        return refs.current_branch(self._attempt)

    def default_base(self) -> str:
        """The ref that a change is held against when none is named: the upstream, or the default branch.

        Raises:
            UnknownRevisionError: when there is none, or no commit yet.
        """
        return refs.default_base(self._attempt, partial(self._user_setting, "init.defaultBranch"))

    def merge_bases(self, first: str, second: str) -> tuple[str, ...]:
        """All best common ancestors of two commits, sorted by id; several after criss-cross merges.

        Raises:
            NoCommonAncestorError: when there is none, or a shallow clone hides it.
        """
        args = ["merge-base", "--all", self._id(first), self._id(second)]
        done = self.view.attempt(args)
        if done.code not in {0, 1}:
            raise failure(args, done)
        found = tuple(sorted(done.stdout.decode("ascii").split()))
        if not found:
            raise self._no_common_ancestor(first, second)
        return found

    def merge_base(self, first: str, second: str) -> str:
        """The commit that a change is measured from; after criss-cross merges the one with the least id.

        Raises:
            NoCommonAncestorError: when there is none, or a shallow clone hides it.
        """
        return self.merge_bases(first, second)[0]

    def read_blob(self, treeish: str, path: str) -> bytes | None:
        """The content of the file at ``path`` (a symlink's target text); ``None`` when no file stands there.

        Raises:
            GitError: for anything else: an unknown tree, a missing object, a process that fails.
        """
        if not may_be_in_tree(path):
            return None
        if "\n" not in path:
            answer = self.objects.read(f"{self._id(treeish)}:{path}")
            if answer is not None:
                info, data = answer
                return data if info.kind == "blob" else None
        entry = self._entry(treeish, path)
        if entry is None or entry.mode == "160000":
            return None
        answer = self.objects.read(entry.blob)
        if answer is None:
            raise missing(entry.blob)
        return answer[1]

    def list_files(self, treeish: str, prefix: str = "") -> tuple[TreeEntry, ...]:
        """Every file below the folder ``prefix`` (all, when empty), or the file of that name, in git's order.

        Raises:
            GitError: when ``treeish`` is no tree or a part of it is missing.
        """
        top = prefix.removesuffix("/")
        if top and not may_be_in_tree(top):
            return ()
        return parse_listing(self._listings.below(self._id(treeish), top))

    def find_files(self, treeish: str, paths: Sequence[str]) -> tuple[TreeEntry, ...]:
        """Those of ``paths`` at which a file stands, in git's order.

        Raises:
            GitError: when ``treeish`` is no tree or a part of it is missing.
        """
        return parse_listing(self._listings.at(self._id(treeish), paths))

    def tree_of(self, commit: str) -> str:
        """The id of a commit's tree.

        Raises:
            UnknownRevisionError: when the name means no commit.
            GitError: when the commit or its tree is missing.
        """
        oid = self._id(commit)
        answer = self.objects.read(f"{oid}^{{tree}}")
        if answer is None:
            raise missing(oid)
        return answer[0].id

    def symlinks(self, treeish: str) -> tuple[TreeEntry, ...]:
        """Every symlink of a tree, in git's order.

        Raises:
            GitError: when ``treeish`` is no tree or a part of it is missing.
        """
        return parse_listing(self._listings.symlinks(self._id(treeish)))

    def message(self, commit: str) -> str:
        """The whole message of a commit."""
        return self._pretty(commit, "%B").rstrip("\n")

    def trailers(self, commit: str, key: str) -> tuple[str, ...]:
        """The values of a commit's trailers called ``key`` (in any case), in order.

        Raises:
            ValueError: when ``key`` is no trailer key (letters, digits and hyphens).
        """
        if not re.fullmatch(r"[A-Za-z0-9-]+", key):
            raise ValueError(f"{key!r} is no trailer key")
        told = self._pretty(commit, f"%(trailers:key={key},valueonly,unfold,separator=%x00)")
        return tuple(value.strip() for value in told.removesuffix("\n").split("\0") if value.strip())

    def range_trailers(self, base: str, head: str, key: str) -> tuple[str, ...]:
        """The values of the trailers called ``key`` in the commits that ``head`` has and ``base`` has not.

        Sorted, without repetition.

        Raises:
            ValueError: when ``key`` is no trailer key (letters, digits and hyphens).
        """
        if not re.fullmatch(r"[A-Za-z0-9-]+", key):
            raise ValueError(f"{key!r} is no trailer key")
        return tuple(sorted(self._history.trailers(self._range(base, head), key)))

    def branch_of(self, name: str) -> str | None:
        """The branch that a revision names, local or of a remote; ``None`` when it names something else."""
        done = self._attempt(["rev-parse", "--symbolic-full-name", "--verify", "--quiet", "--end-of-options", name])
        full = done.stdout.decode("utf-8", "surrogateescape").strip()
        found = re.fullmatch(r"refs/(?:heads|remotes/[^/]+)/(.+)", full)
        return found[1] if done.code == 0 and found else None

    def author_emails(self, base: str, head: str) -> tuple[str, ...]:
        """Who had a hand in the commits that ``head`` has and ``base`` has not: authors, committers, co-authors.

        By e-mail address, sorted, without repetition.
        """
        return tuple(sorted(self._history.author_emails(self._range(base, head))))

    def author_names(self, base: str, head: str) -> tuple[str, ...]:
        """The names of the people that ``author_emails`` tells, sorted, without repetition."""
        return tuple(sorted(self._history.author_names(self._range(base, head))))

    def provenance(self, base: str, head: str) -> Provenance:
        """What the commits that ``head`` has and ``base`` has not say of where they come from."""
        return self._history.provenance(self._range(base, head))

    def configured_email(self) -> str | None:
        """The e-mail under which the user here commits, from git's configuration; ``None`` when none is set."""
        return self._user_setting("user.email")

    def configured_name(self) -> str | None:
        """The name under which the user here commits; ``None`` when none is set."""
        return self._user_setting("user.name")

    def origin(self) -> str | None:
        """The address of the remote ``origin`` as it is written down, secrets and all; ``None`` when there is none."""
        return self._settings.get("remote.origin.url")

    def freeze_worktree(self) -> str:
        """The working tree, untracked files included, as a temporary tree; index and ``git status`` stay as they are.

        Raises:
            GitError: when there is no working tree, a merge is unfinished, or anything cannot be read.
        """
        return self.frozen_worktree().tree

    def freeze_index(self) -> str:
        """The index as a temporary tree: what a commit would hold now.

        Raises:
            GitError: when there is no index to speak of, a merge is unfinished, or it is damaged.
        """
        return self.frozen_index().tree

    def frozen_worktree(self) -> freeze.Frozen:
        """``freeze_worktree`` with notes on what was odd."""
        frozen = freeze.worktree(self.view, self._location)
        return replace(frozen, notes=(*frozen.notes, *map(self._submodule_note, frozen.submodules)))

    def frozen_index(self) -> freeze.Frozen:
        """``freeze_index`` with notes on what was odd."""
        return freeze.index(self.view, self._location)

    def _attempt(self, args: Sequence[str], stdin: bytes | None = None) -> Finished:
        extra = {"GIT_DIR": str(self.git_dir)}
        if "view" in self.__dict__:
            extra["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str(self.view.objects)
        if self.root is not None:
            extra["GIT_WORK_TREE"] = str(self.root)
        options = [part for setting in _NEUTRAL_SETTINGS for part in ("-c", setting)]
        return self._program.run(
            [*options, *args], environment=environment(**extra), folder=self.root or self.git_dir, stdin=stdin
        )

    def _user_setting(self, name: str) -> str | None:
        """A setting with the user's own configuration in force: who they are, never what is measured."""
        settings = environment(GIT_DIR=str(self.git_dir))
        for hidden in ("GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL"):
            settings.pop(hidden)
        done = self._program.run(["config", "--get", name], environment=settings, folder=self.git_dir)
        return done.stdout.decode("utf-8", "surrogateescape").strip() or None

    def _filesystem(self) -> Filesystem:
        """What git found out about the file system when the repository was made."""
        told = self._settings
        return Filesystem(
            file_mode=truth(told, "core.filemode", default=True),
            symlinks=truth(told, "core.symlinks", default=True),
            ignore_case=truth(told, "core.ignorecase", default=False),
        )

    @cached_property
    def _settings(self) -> Mapping[str, str | None]:
        """What is read of the repository's own configuration, in one go."""
        return parse_settings(self._attempt(["config", "-z", "--get-regexp", _SETTINGS_READ]).stdout)

    def _range(self, base: str, head: str) -> list[str]:
        without = [] if base == self.empty_tree else [f"^{self._id(base)}"]
        return [self._id(head), *without]

    def _submodule_note(self, path: str) -> str:
        shown = display_path(path)
        if self.root is None or not os.path.lexists(self.root / path / ".git"):
            return f"submodule {shown} is not checked out: only the commit that it names is measured"
        try:
            with Repository.discover(self.root / path) as inner:
                if inner.root is None or not inner.root.samefile(self.root / path):
                    return f"submodule {shown} keeps its files elsewhere: only the commit that it names is measured"
                clean = inner.freeze_worktree() == inner.tree_of("HEAD")
        except GitError as error:
            return f"submodule {shown} could not be looked into ({error.message}): only its commit is measured"
        if clean:
            return f"submodule {shown}: only the commit that it names is measured"
        return f"submodule {shown} holds uncommitted work, which is no part of the change"

    def _id(self, name: str) -> str:
        """An object id as it is, any other name resolved to a commit: the view knows no names."""
        return name if _OBJECT_ID.fullmatch(name) else self.resolve(name)

    def _entry(self, treeish: str, path: str) -> TreeEntry | None:
        return next((entry for entry in self.list_files(treeish, path) if entry.path == path), None)

    def _pretty(self, commit: str, template: str) -> str:
        args = ["rev-list", "--no-commit-header", "--max-count=1", f"--format={template}", self._id(commit), "--"]
        return self.view.git(args).decode("utf-8", "surrogateescape")

    def _no_common_ancestor(self, first: str, second: str) -> NoCommonAncestorError:
        told = f"{first[:12]} and {second[:12]}"
        if self.is_shallow:
            return NoCommonAncestorError(
                f"this shallow clone does not reach back to a common ancestor of {told}",
                fix="Fetch the whole history: git fetch --unshallow",
            )
        return NoCommonAncestorError(
            f"{told} have no common ancestor", fix="Choose a base that shares history with the head (--base REF)."
        )
