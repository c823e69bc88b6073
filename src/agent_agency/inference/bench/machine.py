"""What a measurement belongs to: the model, the libraries and the machine; where one differs it says nothing."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("xllamacpp", "openvino-genai", "openvino")


@dataclass(frozen=True, slots=True)
class MeasuredOn:
    """What was measured where; all of it must be the same for a measurement to hold."""

    model_digest: str
    versions: tuple[tuple[str, str], ...]
    processor: str
    cores: int
    memory_gib: int

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "model_digest": self.model_digest,
            "versions": dict(self.versions),
            "processor": self.processor,
            "cores": self.cores,
            "memory_gib": self.memory_gib,
        }

    def differences(self, other: MeasuredOn) -> tuple[str, ...]:
        """What is not the same, in words."""
        mine, others = self.document(), other.document()
        return tuple(key.removesuffix("_gib").replace("_", " ") for key in mine if mine[key] != others[key])


def measured_on(model_digest: str, version_of: Callable[[str], str | None] | None = None) -> MeasuredOn:
    """This machine with these libraries, for one model."""
    told = version_of or _version
    versions = tuple((name, found) for name in LIBRARIES if (found := told(name)) is not None)
    return MeasuredOn(model_digest, versions, _processor(), os.cpu_count() or 1, _memory_gib())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _memory_gib() -> int:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (ValueError, OSError):
        return 0
