"""``[[withheld]]``: tests that the owner keeps from whoever makes the change, as ``agency.toml`` declares them.

The files themselves are never in the repository's tree; the law at the base names them by digest. The documents of the
standard admit no further keys, which is why this declaration names a working spec instead of standing inside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

WITHHELD_KEYS = ("gate", "digest", "tests", "spec")
MOST_TESTS = 1_000_000

Refuse = Callable[[str, str, str], None]
"""Tells that a key is wrong: the key, what is wrong, what mends it."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class WithheldTests:
    """One ``[[withheld]]``.

    ``gate`` names the gate of kind ``tests`` that runs them. ``digest`` is that of the files with their paths.
    ``tests`` is the least number of them that must run. ``spec`` is the id of the working spec that they belong to;
    ``None`` makes them bind every change.
    """

    gate: str
    digest: str
    tests: int = 1
    spec: str | None = None
    line: int | None = None

    def binds(self, spec_id: str | None) -> bool:
        """Whether a change under this working spec is held to them."""
        return self.spec is None or self.spec == spec_id


def read_withheld(
    table: Mapping[str, Any], test_gates: Collection[str], line: int | None, refuse: Refuse
) -> WithheldTests | None:
    """Read one table; ``None`` when something was refused.

    Args:
        table: the parsed table.
        test_gates: the names of the gates of kind ``tests``.
        line: where the table stands.
        refuse: is told every wrong key.
    """
    wrong = list(_problems(table, test_gates))
    for key, problem, remedy in wrong:
        refuse(key, problem, remedy)
    if wrong:
        return None
    return WithheldTests(table["gate"], table["digest"], table.get("tests", 1), table.get("spec"), line)


def _problems(table: Mapping[str, Any], test_gates: Collection[str]) -> list[tuple[str, str, str]]:
    gate, digest = table.get("gate"), table.get("digest")
    tests, spec = table.get("tests", 1), table.get("spec")
    wrong: list[tuple[str, str, str]] = []
    if not isinstance(gate, str) or gate not in test_gates:
        named = "No gate of kind 'tests' is named" if gate is None else "'gate' names no gate of kind 'tests'"
        known = f"Write one of: {', '.join(test_gates)}." if test_gates else "Define one with '[[gate]]' first."
        wrong.append(("gate", named, known))
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        remedy = "Write what 'agency gates withhold DIR' prints."
        wrong.append(("digest", "'digest' is no digest like 'sha256:' and 64 hexadecimal digits", remedy))
    if type(tests) is not int or not 1 <= tests <= MOST_TESTS:
        problem = f"'tests' is no whole number from 1 to {MOST_TESTS:,}"
        wrong.append(("tests", problem, "Write how many of the withheld tests must run at least."))
    if spec is not None and (not isinstance(spec, str) or not spec.strip()):
        wrong.append(("spec", "'spec' is no id of a working spec", "Write its id, or remove the key to bind all."))
    return wrong
