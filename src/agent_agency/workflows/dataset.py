"""Make the training set, prove it again, and tell what it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from agent_agency.errors import DatasetError, FileUnwritableError
from agent_agency.learning.dataset.archive import MANIFEST, Manifest, pack, program_entry, read_manifest
from agent_agency.learning.dataset.check_program import check_programs
from agent_agency.learning.dataset.constructs import shipped_constructs
from agent_agency.learning.dataset.example import Example
from agent_agency.learning.dataset.generate import make_examples
from agent_agency.learning.dataset.make_draft import Materials, shipped_siblings
from agent_agency.learning.dataset.program import shipped_program
from agent_agency.learning.dataset.runs import SandboxedRunner, SuiteRunner
from agent_agency.learning.dataset.sealed import sealed_digest
from agent_agency.learning.dataset.shipped import shipped_manifest
from agent_agency.learning.dataset.splits import Split, programs_with_share
from agent_agency.sandbox.probe import probe
from agent_agency.store.database import Database
from agent_agency.workflows.learning_store import reading

if TYPE_CHECKING:
    from agent_agency.store.sealed_uses import SealedUse

SHIPPED_SEED = 20261123
"""The seed of the shipped training set."""

Progress = Callable[[str, int, int], None]
"""Told after each program: its id, how many are done, how many there are."""


@dataclass(frozen=True, slots=True)
class MadeSet:
    """What was written, and where."""

    folder: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Shown:
    """The shipped training set's manifest, and every use of its sealed test."""

    manifest: Manifest
    uses: tuple[SealedUse, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found: programs whose labels were proved anew, and those that came out otherwise."""

    programs: tuple[str, ...]
    examples: int
    different: tuple[str, ...]


def sandboxed() -> SuiteRunner:
    """A runner that keeps the programs apart as well as this machine can."""
    return SandboxedRunner(probe().isolation)


def make_dataset(
    out: Path, *, seed: int, sample: int | None, runner: SuiteRunner, told: Progress = lambda *_: None
) -> MadeSet:
    """Make the training set, or that of a sample of the programs, in a new or empty folder.

    Args:
        out: the folder.
        seed: of all that is left to chance; the shipped set has ``SHIPPED_SEED``.
        sample: how many programs to take; ``None`` for all.
        runner: runs the programs' tests.
        told: is told of each program.

    Raises:
        DatasetError: a program cannot be read or is broken, or its tests cannot be run.
        FileUnwritableError: the folder holds something, or cannot be written.
    """
    _refuse_full(out)
    made: dict[str, tuple[Split, Sequence[Example]]] = {}
    dropped: Counter[str] = Counter()
    chosen = _chosen(seed, sample)
    _refuse_broken(chosen, runner)
    for number, name in enumerate(chosen, 1):
        split, examples, lost = _of_program(name, seed, runner)
        made[name] = (split, examples)
        dropped.update(lost)
        told(name, number, len(chosen))
    contents = pack(seed, made, dropped)
    _write(out, contents)
    return MadeSet(out, read_manifest(contents[MANIFEST]))


def verify_dataset(*, sample: int | None, runner: SuiteRunner, told: Progress = lambda *_: None) -> Verified:
    """Prove the shipped labels again, of all programs or of a sample.

    The examples of each program are made anew, tests run and all, and the digests of their subjects and labels compared
    with the manifest's. The sealed labels are not opened for it.

    Raises:
        DatasetError: the shipped files are damaged, a program is broken, or the tests cannot be run.
    """
    manifest = shipped_manifest()
    chosen = _chosen(manifest.seed, sample)
    _refuse_broken(chosen, runner)
    different, count = [], 0
    for number, name in enumerate(chosen, 1):
        split, examples, _ = _of_program(name, manifest.seed, runner)
        count += len(examples)
        if program_entry(split, examples) != manifest.programs.get(name):
            different.append(name)
        told(name, number, len(chosen))
    return Verified(tuple(chosen), count, tuple(different))


def shown(database: Database) -> Shown:
    """What the shipped training set holds, and how often its sealed test was used in a database.

    Raises:
        DatasetError: the shipped files are damaged.
        StoreError: the database cannot be read.
    """
    from agent_agency.store.sealed_uses import uses_of

    digest = sealed_digest()
    with reading(database) as connection:
        uses = uses_of(connection, digest) if connection is not None else ()
    return Shown(shipped_manifest(), uses)


def _of_program(name: str, seed: int, runner: SuiteRunner) -> tuple[Split, Sequence[Example], Counter[str]]:
    share = dict(programs_with_share())[name]
    materials = Materials(shipped_constructs(), shipped_siblings())
    made = make_examples(
        shipped_program(name), seed=seed, per_judge=share.per_judge, materials=materials, runner=runner
    )
    return share.split, made.examples, made.dropped


def _refuse_broken(names: Sequence[str], runner: SuiteRunner) -> None:
    """Nothing is made of a program whose right texts fail, or whose seeded or wrong ones pass."""
    if broken := check_programs(map(shipped_program, names), runner):
        raise DatasetError(
            f"A program does not keep what it promises: {broken[0]}",
            fix="Mend its file in learning/dataset/programs.",
            code="dataset.broken_program",
        )


def _chosen(seed: int, sample: int | None) -> list[str]:
    every = [name for name, _ in programs_with_share()]
    if sample is None:
        return every
    if not 1 <= sample <= len(every):
        raise DatasetError(
            f"A sample of {sample} programs cannot be taken from {len(every)}", fix=f"Ask for 1 to {len(every)}."
        )
    return sorted(Random(seed).sample(every, sample))  # noqa: S311 - repeatable, nothing secret


def _refuse_full(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileUnwritableError(
            "The folder for the training set holds something already", fix="Name a new or empty folder.", path=str(out)
        )


def _write(out: Path, contents: Mapping[str, bytes]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in contents.items():
            (out / name).write_bytes(data)
    except OSError as error:
        raise FileUnwritableError(
            f"The training set could not be written: {error.strerror}",
            fix="Name a folder that you may write.",
            path=str(out),
        ) from error
