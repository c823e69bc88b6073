"""Which ways of answering are measured: the naive one always, then what each engine is likely to be best at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent_agency.inference.bench.row import MODES, NAIVE, Mode, Way

ENGINES = ("llama.cpp", "openvino")
_WIDTHS = {"llama.cpp": (1, 4, 8), "openvino": (1, 16, 64)}
_MOST = 256


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks to be measured; empty means all that this machine can run."""

    engines: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = ()
    widths: tuple[int, ...] = ()
    precisions: tuple[str, ...] = ("default",)


@dataclass(frozen=True, slots=True)
class Loaded:
    """One loading of the model that several ways share: requests that it is set up for, and how it computes.

    ``spin`` is how llama.cpp's threads wait for one another, as in `LocalModel`.
    """

    engine: str
    precision: str
    prefix_cache: bool
    width: int
    spin: bool = False


def ways(wanted: Wanted, requests: int) -> tuple[Way, ...]:
    """The ways to measure, the naive one first; no more in flight than there are requests."""
    found = [NAIVE]
    for engine in wanted.engines or ENGINES:
        for precision in wanted.precisions:
            for mode in wanted.modes or MODES:
                widths = wanted.widths or _WIDTHS[engine]
                counts = sorted({max(1, min(width, requests, _MOST)) for width in widths})
                found += [Way(engine, mode, width, precision) for width in counts]
    return tuple(found)


def loadings(chosen: Sequence[Way]) -> dict[Loaded, list[Way]]:
    """The ways by how the model is loaded for them.

    llama.cpp divides its window among its slots, so each width is a loading of its own; OpenVINO takes any number of
    requests up to its width.
    """
    widest = {
        (way.engine, way.precision): max(
            one.concurrency for one in chosen if (one.engine, one.precision) == (way.engine, way.precision)
        )
        for way in chosen
    }
    found: dict[Loaded, list[Way]] = {}
    for way in chosen:
        width = widest[way.engine, way.precision] if way.engine == "openvino" else way.concurrency
        found.setdefault(Loaded(way.engine, way.precision, way.prefix_cache, width), []).append(way)
    return found
