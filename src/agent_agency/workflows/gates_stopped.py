"""A review that was stopped while its gates ran."""

from __future__ import annotations

from collections.abc import Mapping

STOPPED = "stopped"
NOT_BEGUN = "not_begun"


class GatesStoppedError(KeyboardInterrupt):
    """Ctrl-C while gates ran, after all of them have ended.

    ``states`` maps each gate's name to its status where it had finished, else to ``stopped`` or ``not_begun``.
    """

    def __init__(self, states: Mapping[str, str]) -> None:
        super().__init__("stopped; every tool has ended, and the ledger records how far each gate was")
        self.states = dict(states)
