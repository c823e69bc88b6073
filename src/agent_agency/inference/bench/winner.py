"""The way of answering that was quickest here, for each mode, kept in the user's configuration.

The file lies beside the user's engines and is written by what measures alone. A measurement is of the model, the
versions and the machine that it was made with; of what it still says with others see `inference.models.last_winner`.
It is a hint for speed: a file that cannot be read stops nobody, and what measures anew moves it aside.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_agency.canonical_json import parse_json
from agent_agency.errors import FileUnreadableError, FileUnwritableError
from agent_agency.inference.bench.machine import MeasuredOn
from agent_agency.inference.bench.row import MODES, Row

FILE = "measured-engines.json"
SCHEMA_VERSION = 1
MAX_BYTES = 4 * 1024 * 1024
MAX_KEPT = 32
"""Measurements that are kept; the oldest go first."""
_MOST_ASIDE = 99
ENGINES = ("openvino", "llama.cpp")
PRECISIONS = ("default", "exact")


@dataclass(frozen=True, slots=True)
class Choice:
    """How a model is best run for one mode; ``why`` is told to people."""

    engine: str
    precision: str
    width: int
    why: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement: on what, when (UTC, ISO 8601), and the best way of each mode.

    ``tried`` is true of one that took a few requests of each way and no whole load.
    """

    on: MeasuredOn
    at: str
    choices: Mapping[str, Choice]
    tried: bool = False


def choices_of(rows: Sequence[Row]) -> dict[str, Choice]:
    """The best way of each mode: most requests per second, and among rows within 3 % of it the fewest in flight.

    Rows whose answers were not all valid are no candidates, nor are rows without a kept prefix; ``exact`` is a choice
    of the person's and is never chosen for its speed.
    """
    found: dict[str, Choice] = {}
    for mode in MODES:
        fit = [row for row in rows if row.mode == mode and row.precision == "default" and row.prefix_cache]
        fit = [row for row in fit if row.valid is None or row.valid == 1.0]
        if not fit:
            continue
        best = max(row.requests_per_s for row in fit)
        row = min((row for row in fit if row.requests_per_s >= 0.97 * best), key=lambda row: row.concurrency)
        why = f"measured: {row.requests_per_s:.3g} requests/s, the best of {len(fit)} ways"
        found[mode] = Choice(row.engine, row.precision, row.concurrency, why)
    return found


def default_choice(*, openvino: bool, memory_gib: int = 0) -> Choice:
    """What is used where nothing was measured.

    Args:
        openvino: whether OpenVINO is installed and can run the model on this processor.
        memory_gib: of the machine; below 8 GiB fewer requests are kept in flight.
    """
    narrow = 0 < memory_gib < 8  # noqa: PLR2004 - stated in the docstring
    if openvino:
        return Choice("openvino", "default", 8 if narrow else 16, "the default where nothing was measured")
    return Choice("llama.cpp", "default", 4 if narrow else 8, "the default where OpenVINO cannot run the model")


def load_measurements(path: Path) -> tuple[Measurement, ...]:
    """All that was measured; none where there is no file.

    Raises:
        FileUnreadableError: it cannot be read, or is none of ours.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    try:
        value = parse_json(data)
        return tuple(_measurement(one) for one in _member(value, "measurements", list))
    except (ValueError, TypeError, KeyError) as error:
        raise _unreadable(path, str(error)) from error


def check_keepable(path: Path) -> None:
    """Find out before minutes of measuring whether `keep_measurement` could write there.

    Raises:
        FileUnwritableError: nothing can be written there.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def keep_measurement(path: Path, one: Measurement) -> Path | None:
    """Write a measurement in place of an older one of the same model.

    Returns:
        Where a file that cannot be read was moved to make room; ``None`` where there was none.

    Raises:
        FileUnwritableError: it cannot be written; what stood there stays.
    """
    try:
        moved, there = None, load_measurements(path)
    except FileUnreadableError:
        moved, there = _moved_aside(path), ()
    others = [old for old in there if old.on.model_digest != one.on.model_digest]
    kept = [*others, one][-MAX_KEPT:]
    document = {"schema_version": SCHEMA_VERSION, "measurements": [_document(each) for each in kept]}
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, json.dumps(document, indent=2).encode("utf-8") + b"\n")
    except OSError as error:
        raise _unwritable(path, error) from error
    return moved


def _moved_aside(path: Path) -> Path:
    """Give a file another name, one that nothing has."""
    try:
        for number in range(1, _MOST_ASIDE + 1):
            aside = path.with_name(f"{path.name}.unreadable-{number}")
            if not os.path.lexists(aside):
                return path.rename(aside)
    except OSError as error:
        raise _unwritable(path, error) from error
    fix = f"Remove those that you do not need beside {path}."
    message = f"There are {_MOST_ASIDE} unreadable files of measurements already"
    raise FileUnwritableError(message, fix=fix, path=str(path))


def _replace(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _document(one: Measurement) -> dict[str, Any]:
    choices = {
        mode: {"engine": each.engine, "precision": each.precision, "width": each.width, "why": each.why}
        for mode, each in one.choices.items()
    }
    tried = {"tried": True} if one.tried else {}
    return {"on": one.on.document(), "at": one.at, **tried, "choices": choices}


def _measurement(value: Any) -> Measurement:
    on = _member(value, "on", dict)
    versions = _member(on, "versions", dict)
    measured = MeasuredOn(
        _member(on, "model_digest", str),
        tuple((str(name), str(versions[name])) for name in versions),
        _member(on, "processor", str),
        _member(on, "cores", int),
        _member(on, "memory_gib", int),
    )
    choices = {mode: _choice(each) for mode, each in _member(value, "choices", dict).items() if mode in MODES}
    return Measurement(measured, _member(value, "at", str), choices, value.get("tried") is True)


def _choice(value: Any) -> Choice:
    engine, precision = _member(value, "engine", str), _member(value, "precision", str)
    width = _member(value, "width", int)
    if engine not in ENGINES or precision not in PRECISIONS or not 1 <= width <= 1024:  # noqa: PLR2004 - no engine has more
        raise ValueError("a choice is out of bounds")
    return Choice(engine, precision, width, _member(value, "why", str))


def _member(value: Any, name: str, kind: type) -> Any:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind) or isinstance(found, bool):
        raise ValueError(f"{name!r} is missing or of a wrong kind")  # noqa: TRY004 - bad data, not a bad argument
    return found


def _unwritable(path: Path, error: OSError) -> FileUnwritableError:
    fix = "Check that the folder may be written and the disk has room, or measure with --no-keep."
    message = f"A measurement cannot be kept: {error.strerror or error}"
    return FileUnwritableError(message, fix=fix, path=str(path))


def _unreadable(path: Path, why: str) -> FileUnreadableError:
    fix = "Run agency engine bench: it moves the file aside."
    return FileUnreadableError(f"What was measured of engines cannot be read: {why}", fix=fix, path=str(path))
