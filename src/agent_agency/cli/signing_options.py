"""The options of every command that signs an act, and the key that they name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from agent_agency.attestation.principals import Principals
    from agent_agency.attestation.signer import Signer

_AS = click.option("--as", "as_name", metavar="NAME", help="Sign with this key of yours. Default: the only one.")
_SSH_KEY = click.option(
    "--ssh-key",
    "ssh_key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Sign with ssh-keygen and this key: an ssh-agent or hardware may hold it.",
)


def signing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--as NAME`` (``as_name``) and ``--ssh-key FILE`` (``ssh_key``)."""
    return _AS(_SSH_KEY(command))


def chosen_signer(
    as_name: str | None, ssh_key: Path | None, *, role: str, principals: Principals | None = None
) -> Signer:
    """The key that the options name, opened; a pass phrase is asked for on the terminal.

    With ``principals``, those at the base, a key that would count for nothing is refused before anybody types.

    Raises:
        SigningError: no such key, one that may not be used in this role, or no pass phrase.
        UsageError: both options were given.
    """
    from agent_agency.cli.pass_phrase import ask_pass_phrase
    from agent_agency.workflows.key_folder import KeyFolder
    from agent_agency.workflows.signing import find_signer

    keys = KeyFolder.of(os.environ)
    return find_signer(as_name, role=role, keys=keys, ask=ask_pass_phrase, ssh_key=ssh_key, principals=principals)
