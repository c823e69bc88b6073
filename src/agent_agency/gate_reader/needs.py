"""Whether gates can run in the order that their ``needs`` ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agent_agency.gate_reader.values import did_you_mean


def problems_of_needs(needs: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str, str]]:
    """Tell each gate that can never run: its name, what is wrong with its ``needs``, what mends it.

    ``needs`` names every gate, those with other faults included, and what it needs; a gate that needs itself is told
    where it is read.
    """
    for name, needed in needs.items():
        for one in needed:
            if one.strip() and one not in needs:
                yield name, f"'{name}' needs a gate '{one[:60]}', and there is none", did_you_mean(one, needs)
    yield from _circles(needs)


def _circles(needs: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str, str]]:
    """Each circle of two or more gates once, told at the gate that stands first in the file."""
    order = list(needs)
    told: set[frozenset[str]] = set()
    for start in order:
        circle = _way_back(start, needs)
        if circle and frozenset(circle) not in told and start == min(circle, key=order.index):
            told.add(frozenset(circle))
            way = " -> ".join(f"'{name}'" for name in (*circle, start))
            yield start, f"These gates wait for each other: {way}", "Remove one of these needs."


def _way_back(start: str, needs: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The shortest way from a gate over its needs back to itself, of two gates at least; empty without one."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        longer: list[tuple[str, ...]] = []
        for way in ways:
            for one in needs.get(way[-1], ()):
                if one == start and len(way) > 1:
                    return way
                if one in needs and one not in seen:
                    seen.add(one)
                    longer.append((*way, one))
        ways = longer
    return ()
