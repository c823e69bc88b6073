"""Anchoring the record after an act that a command recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent_agency.git import Repository
    from agent_agency.ledger.journal import Ledger


def anchor_after_act(repo: Repository, ledger: Ledger) -> None:
    """Anchor the ledger with this user's arbiter key; where there can be none, say once that the act stands without.

    Raises:
        LedgerError: there is a key, and the ledger could not be anchored; the act is recorded.
    """
    from agent_agency.cli.services import arbiter_of_this_machine
    from agent_agency.clock import SystemClock
    from agent_agency.workflows.anchor import anchor_act

    no_key = anchor_act(repo, ledger, arbiter_of_this_machine, SystemClock())
    if no_key is not None:
        click.echo(f"agency: the act is recorded; the ledger's head is not signed: {no_key.message}", err=True)
