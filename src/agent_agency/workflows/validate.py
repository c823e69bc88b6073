"""Validates documents: finds them, reads each, has each judged by the reader of its kind.

Nothing here starts git: a hook that validates one file should cost no more than reading it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.errors import AgencyError, FileUnreadableError, NotARepositoryError
from agent_agency.facts import Finding, Place, Severity
from agent_agency.spec import document_kinds as kinds
from agent_agency.spec.document import MAX_BYTES, Document, load_document
from agent_agency.spec.document_kinds import DocumentKind
from agent_agency.spec.model import PolicyResult, ValidationResult, WaiverResult
from agent_agency.spec.validate import ValidationOptions, validate_spec
from agent_agency.workflows.read_file import read_at_most

if TYPE_CHECKING:
    from agent_agency.config import Config
    from agent_agency.spec.model import Policy

STANDARD_INPUT = "-"

Checked = ValidationResult | PolicyResult | WaiverResult


@dataclass(frozen=True, slots=True)
class ValidationRun:
    """What was found, and what could not be read; ``sources`` are the bytes by the path of the result."""

    results: tuple[Checked, ...]
    sources: dict[str, bytes]
    errors: tuple[AgencyError, ...]

    @property
    def exit_code(self) -> int:
        """0 when all is valid, 1 when something is not, 2 when something could not be read."""
        if self.errors:
            return 2
        return 0 if all(result.valid for result in self.results) else 1


@dataclass(frozen=True, slots=True)
class ValidationRequest:
    """What to validate: ``paths`` (files, folders, ``-``), or without any what the repository at ``start`` holds."""

    paths: tuple[str, ...]
    start: Path
    options: ValidationOptions
    now: datetime
    read_standard_input: Callable[[int], bytes]


def validate_documents(request: ValidationRequest) -> ValidationRun:
    """Validate all that is asked for; a file that cannot be read is named and does not stop the others.

    Raises:
        NotARepositoryError: without paths, where there is no repository.
    """
    run = _Run(request)
    if request.paths:
        run.validate_named()
    else:
        run.validate_repository()
    return ValidationRun(tuple(run.results), run.sources, tuple(run.errors))


def find_root(start: Path) -> Path | None:
    """The nearest folder above that holds ``.git`` or ``.caws``; ``None`` where there is none."""
    folder = Path(os.path.abspath(start))  # noqa: PTH100 - links stay as they were named
    for candidate in (folder, *folder.parents):
        if os.path.lexists(candidate / ".git") or (candidate / kinds.CAWS_FOLDER).is_dir():
            return candidate
    return None


def find_documents(root: Path) -> Iterator[Path]:
    """The documents of a repository, in the order in which they bind, waivers last.

    Raises:
        FileUnreadableError: when a folder cannot be listed.
    """
    caws = root / kinds.CAWS_FOLDER
    names = (*kinds.POLICY_NAMES, *kinds.SINGLE_SPEC_NAMES)
    principals = root / kinds.AGENCY_FOLDER / kinds.PRINCIPALS_NAME
    singles = (root / kinds.CONFIG_NAME, principals, *(caws / name for name in names))
    yield from (path for path in singles if os.path.lexists(path))
    yield from _listed(caws / kinds.SPEC_FOLDER)
    yield from _listed(caws / kinds.WAIVER_FOLDER)
    yield from (caws / name for name in kinds.WAIVER_MAP_NAMES if os.path.lexists(caws / name))


def _listed(folder: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - the names alone, sorted as they are
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise FileUnreadableError(
            f"The folder cannot be listed: {error.strerror or error}",
            fix="Give yourself the right to read it.",
            path=str(folder),
        ) from error
    return [folder / name for name in names if name.endswith(kinds.YAML_ENDINGS)]


class WorkingTree:
    """The files of a checkout, for rules that ask whether one exists."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def exists(self, path: str) -> bool:
        """Is there anything at the path, counted from the root and never outside of it?"""
        if "\0" in path or path.startswith("/") or ".." in path.split("/"):
            return False
        try:
            return os.path.lexists(self._root / path)
        except OSError:
            return False


@dataclass
class _Surroundings:
    """What a repository says that bears on one of its documents."""

    root: Path

    @cached_property
    def files(self) -> WorkingTree:
        return WorkingTree(self.root)

    @cached_property
    def policy(self) -> Policy | None:
        from agent_agency.spec.policy import read_policy

        for name in kinds.POLICY_NAMES:
            path = self.root / kinds.CAWS_FOLDER / name
            data = self._read(path)
            if data is not None:
                return read_policy(data, str(path)).policy
        return None

    @cached_property
    def config(self) -> Config:
        from agent_agency.config import Config, read_config

        data = self._read(self.root / kinds.CONFIG_NAME)
        config = read_config(data, kinds.CONFIG_NAME) if data is not None else Config()
        return config if isinstance(config, Config) else Config()

    def _read(self, path: Path) -> bytes | None:
        try:
            return read_at_most(path, MAX_BYTES, str(path))
        except FileUnreadableError:
            return None


@dataclass
class _Run:
    request: ValidationRequest
    results: list[Checked] = field(default_factory=list)
    sources: dict[str, bytes] = field(default_factory=dict)
    errors: list[AgencyError] = field(default_factory=list)
    _known: dict[Path, _Surroundings] = field(default_factory=dict)

    def validate_named(self) -> None:
        for path in dict.fromkeys(self.request.paths):
            try:
                self._validate_one(path)
            except AgencyError as error:
                self.errors.append(error)

    def validate_repository(self) -> None:
        root = find_root(self.request.start)
        if root is None:
            raise NotARepositoryError(
                "There is neither a repository nor a .caws folder here",
                fix="Run it inside a repository, or name the files to validate.",
            )
        try:
            self._validate_folder(root)
        except AgencyError as error:
            self.errors.append(error)

    def _validate_one(self, path: str) -> None:
        if path == STANDARD_INPUT:
            self._judge(path, self.request.read_standard_input(MAX_BYTES + 1), None)
        elif os.path.isdir(path):  # noqa: PTH112 - the text as it was given
            self._validate_folder(Path(path))
        else:
            data = read_at_most(Path(path), MAX_BYTES, path)
            self._judge(path, data, Path(os.path.abspath(path)))  # noqa: PTH100 - links stay as they were named

    def _validate_folder(self, folder: Path) -> None:
        found = list(find_documents(folder))
        if not found and folder.name in {kinds.CAWS_FOLDER, kinds.SPEC_FOLDER, kinds.WAIVER_FOLDER}:
            found = list(find_documents(folder.parent)) if folder.name == kinds.CAWS_FOLDER else _listed(folder)
        if not found:
            raise AgencyError(
                "There is no spec, policy, waiver or agency.toml here",
                fix="Run 'agency init' to write the first ones, or name a file.",
                path=str(folder),
                code="validate.nothing_found",
            )
        for path in found:
            shown = os.path.relpath(path)
            try:
                self._validate_found(path, shown)
            except AgencyError as error:
                self.errors.append(error)

    def _validate_found(self, path: Path, shown: str) -> None:
        """A document that was found, not named: a link would show a stranger's file in the answer."""
        if stat.S_ISLNK(path.lstat().st_mode):
            self.results.append(_refused_link(shown))
            return
        self._judge(shown, read_at_most(path, MAX_BYTES, shown), Path(os.path.abspath(path)))  # noqa: PTH100 - as named

    def _judge(self, shown: str, data: bytes, path: Path | None) -> None:
        self.sources[shown] = data
        around = self._surroundings(path)
        kind = self._kind(shown, data, path)
        if kind is DocumentKind.POLICY:
            from agent_agency.spec.policy import read_policy

            self.results.append(read_policy(data, shown, parity=self.request.options.parity))
        elif kind is DocumentKind.WAIVERS:
            self.results.append(self._judge_waivers(shown, data, around))
        elif kind is DocumentKind.CONFIG:
            from agent_agency.config import Config, read_config

            config = read_config(data, shown)
            findings = () if isinstance(config, Config) else config
            self.results.append(ValidationResult(shown, None, not findings, findings))
        elif kind is DocumentKind.PRINCIPALS:
            from agent_agency.attestation.principals import Principals, read_principals

            listed = read_principals(data, shown)
            wrong = () if isinstance(listed, Principals) else listed
            self.results.append(ValidationResult(shown, None, not wrong, wrong))
        else:
            self.results.append(self._judge_spec(shown, data, path, around))

    def _judge_spec(self, shown: str, data: bytes, path: Path | None, around: _Surroundings | None) -> ValidationResult:
        return validate_spec(
            data,
            shown,
            self.request.options,
            files=around.files if around else None,
            now=self.request.now,
            has_policy=_has_policy(path),
        )

    def _judge_waivers(self, shown: str, data: bytes, around: _Surroundings | None) -> WaiverResult:
        """All waivers of a file as one answer, since the answer is on files."""
        from agent_agency.spec.waiver import read_waivers

        parity = self.request.options.parity
        results = read_waivers(
            data,
            shown,
            parity=parity,
            limits=around.config.law if around and not parity else None,
            policy=around.policy if around and not parity else None,
            own_gates=tuple(gate.name for gate in around.config.gates) if around and not parity else (),
        )
        findings = tuple(dict.fromkeys(finding for result in results for finding in result.findings))
        return WaiverResult(shown, all(result.valid for result in results), findings, results[0].waiver)

    def _kind(self, shown: str, data: bytes, path: Path | None) -> DocumentKind:
        """A profile that was named says that the files named with it are specs."""
        if self.request.paths and (self.request.options.profile or self.request.options.compat):
            return DocumentKind.SPEC
        placed = kinds.kind_by_place(path.parts) if path else None
        if placed is not None:
            return placed
        document = load_document(data, shown)
        return kinds.kind_by_content(document.value) if isinstance(document, Document) else DocumentKind.SPEC

    def _surroundings(self, path: Path | None) -> _Surroundings | None:
        if path is None or self.request.options.parity:
            return None
        root = find_root(path.parent)
        return self._known.setdefault(root, _Surroundings(root)) if root else None


def _has_policy(path: Path | None) -> bool | None:
    """Is there a policy beside the spec? Unknown for a spec that lies outside of a ``.caws`` folder."""
    caws = (
        next((folder for folder in list(path.parents)[:2] if folder.name == kinds.CAWS_FOLDER), None) if path else None
    )
    return any(os.path.lexists(caws / name) for name in kinds.POLICY_NAMES) if caws else None


def _refused_link(shown: str) -> ValidationResult:
    finding = Finding(
        "law.not_a_file",
        Severity.CRITICAL,
        "The document is a symbolic link, so it cannot be law",
        "Replace it by the file itself.",
        Place(shown),
        waivable=False,
    )
    return ValidationResult(shown, None, valid=False, findings=(finding,))
