"""What ``agency dataset`` says: one document, or a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent_agency.learning.dataset.archive import Manifest
    from agent_agency.workflows.dataset import MadeSet, Shown, Verified

SCHEMA_VERSION = 1
_VERDICTS = ("pass", "partial", "fail")


def shown_document(shown: Shown, judges: Sequence[str], splits: Sequence[str]) -> dict[str, Any]:
    """The document of ``agency dataset show``."""
    rows = [_row(split, judge, verdicts) for split, judge, verdicts in _counts(shown.manifest, judges, splits)]
    return {
        "schema_version": SCHEMA_VERSION,
        "seed": shown.manifest.seed,
        "examples": sum(row["examples"] for row in rows),
        "counts": rows,
        "programs": _programs(shown.manifest),
        "digests": dict(shown.manifest.files),
        "sealed_uses": [
            {"judge": use.judge, "at": use.at, "who": use.who, "why": use.purpose}
            for use in shown.uses
            if use.judge in judges
        ],
    }


def shown_lines(shown: Shown, judges: Sequence[str], splits: Sequence[str]) -> Iterator[str]:
    """Counts by judge and split, the programs, the digests, and the uses of the sealed test."""
    yield f"{'split':7}{'judge':14}{'examples':>8}  {'pass':>5}{'partial':>9}{'fail':>6}  constant judge"
    for split, judge, verdicts in _counts(shown.manifest, judges, splits):
        row = _row(split, judge, verdicts)
        counts = f"{verdicts['pass']:>5}{verdicts['partial']:>9}{verdicts['fail']:>6}"
        yield f"{split:7}{judge:14}{row['examples']:>8}  {counts}  {row['constant_judge']:.2f}"
    programs = _programs(shown.manifest)
    yield "programs: " + ", ".join(f"{programs[split]} {split}" for split in splits)
    for name, digest in sorted(shown.manifest.files.items()):
        yield f"{name:22}{digest}"
    uses = Counter(use.judge for use in shown.uses if use.judge in judges)
    told = ", ".join(f"{judge} {uses[judge]}" for judge in judges)
    yield f"uses of the sealed test in this store: {told}"


def made_document(made: MadeSet) -> dict[str, Any]:
    """The document of ``agency dataset make``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "folder": str(made.folder),
        "seed": made.manifest.seed,
        "examples": _total(made.manifest),
        "programs": len(made.manifest.programs),
        "dropped": sum(made.manifest.dropped.values()),
        "digests": dict(made.manifest.files),
    }


def made_lines(made: MadeSet) -> Iterator[str]:
    """How many examples were proved, how many dropped, and where they are."""
    dropped = sum(made.manifest.dropped.values())
    yield f"{_total(made.manifest)} examples of {len(made.manifest.programs)} programs in {made.folder}"
    yield f"{dropped} attempts were dropped, as their proof did not bear out what was intended"


def verified_document(found: Verified) -> dict[str, Any]:
    """The document of ``agency dataset verify``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "holds": not found.different,
        "programs": list(found.programs),
        "examples": found.examples,
        "different": list(found.different),
    }


def verified_lines(found: Verified) -> Iterator[str]:
    """Whether the labels were proved again."""
    yield f"{found.examples} examples of {len(found.programs)} programs made and proved again"
    if found.different:
        yield f"different from the shipped ones: {', '.join(found.different)}"
    else:
        yield "every subject and label is the shipped one"


def _counts(
    manifest: Manifest, judges: Sequence[str], splits: Sequence[str]
) -> Iterator[tuple[str, str, Mapping[str, int]]]:
    for split in splits:
        for judge in judges:
            yield split, judge, manifest.counts[split].get(judge, dict.fromkeys(_VERDICTS, 0))


def _row(split: str, judge: str, verdicts: Mapping[str, int]) -> dict[str, Any]:
    total = sum(verdicts.values())
    constant = round(max(verdicts.values()) / total, 4) if total else 0.0
    return {"split": split, "judge": judge, "examples": total, **verdicts, "constant_judge": constant}


def _programs(manifest: Manifest) -> Mapping[str, int]:
    return Counter(entry.split for entry in manifest.programs.values())


def _total(manifest: Manifest) -> int:
    return sum(entry.examples for entry in manifest.programs.values())
