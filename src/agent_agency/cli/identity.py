"""``agency identity``: make keys, have them listed, and see which of them count."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from agent_agency.attestation.principals import Principal
    from agent_agency.git import Repository
    from agent_agency.workflows.identity import Identities, Standing
    from agent_agency.workflows.key_folder import OwnKey

SCHEMA_VERSION = 1
UNUSABLE = 1
_ROLES = ("agent", "approver", "arbiter", "requester", "reviewer")

_repo_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to look for the repository. Default: here.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_base_option = click.option("--base", metavar="REF", help="Whose list counts. Default: as in agency review.")


@click.group(cls=WholeHelpGroup)
def identity() -> None:
    """Make keys to sign with, have them listed, and see which of them count."""


@identity.command()
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), required=True, help="What the key is for.")
@click.option("--pass-phrase", is_flag=True, help="Protect it, also where the role does not ask for that.")
@_json_option
def new(*, name: str, role: str, pass_phrase: bool, as_json: bool) -> None:
    """Make an Ed25519 key NAME in your folder of keys.

    The key of an approver or reviewer has a pass phrase, which is typed twice on the terminal and taken from nowhere
    else. The folder is AGENCY_KEYS, or agency/keys in your configuration. A key counts once the base lists it.
    """
    from agent_agency.cli.pass_phrase import ask_new_pass_phrase
    from agent_agency.workflows.identity import needs_pass_phrase, refuse_new_key
    from agent_agency.workflows.key_folder import KeyFolder

    keys = KeyFolder.of(os.environ)
    refuse_new_key(name, role, keys)
    typed = ask_new_pass_phrase(name) if pass_phrase or needs_pass_phrase(role) else None
    made = keys.make(name, typed)
    if as_json:
        _print_json({"key": _own_key(made), "role": role})
        return
    click.echo(f"{_shown(made.path)}: {made.file.public_key.key_id}\n{made.file.public_key.line(name)}")
    click.echo(f"\nIt counts once the base lists it:\n\n  agency identity trust {name} --role {role}")


@identity.command("list")
@_base_option
@_repo_option
@_json_option
def list_(*, base: str | None, repo: Path, as_json: bool) -> int:
    """List your keys and the principals of the base, and say which of your keys count.

    Exit 1 when one of your keys cannot be used.
    """
    found = _identities(repo, base)
    if as_json:
        _print_json(_document(found))
    else:
        _show(found)
    return UNUSABLE if found.unusable else 0


@identity.command()
@click.argument("name")
@click.option("--key", "given", multiple=True, metavar="FILE|LINE", help="A public key. Default: your own key NAME.")
@click.option("--role", "roles", multiple=True, type=click.Choice(_ROLES), help="May be repeated.")
@click.option("--address", metavar="EMAIL", help="As in their commits. Default, with your own key: your git address.")
@_repo_option
@_json_option
def trust(
    *, name: str, given: tuple[str, ...], roles: tuple[str, ...], address: str | None, repo: Path, as_json: bool
) -> None:
    """List NAME, or a further key or role of theirs, in .agency/principals.toml of the working tree.

    What is there stays as it is. It binds nobody before somebody who may has put it on the base branch.
    """
    from agent_agency.attestation.principals_edit import Addition
    from agent_agency.git import Repository
    from agent_agency.workflows.identity import keys_named
    from agent_agency.workflows.identity import trust as write_trust
    from agent_agency.workflows.key_folder import KeyFolder

    keys = keys_named(given, name, KeyFolder.of(os.environ), roles)
    unique = tuple(dict.fromkeys(roles))
    with Repository.discover(repo) as repository:
        if address is None and not given and set(unique) - {"arbiter"} and not _is_listed(repository, name):
            address = repository.configured_email()
        path = write_trust(repository, Addition(name, address, unique, keys))
    if as_json:
        _print_json({"path": str(path), "name": name, "keys": [key.key_id for key in keys], "binds": False})
        return
    click.echo(f"wrote {_shown(path)}: {name}, {', '.join(key.key_id for key in keys)}")
    click.echo("\nIt binds once it stands on the base branch, put there by somebody who may:\n")
    click.echo(f'  git add :/.agency/principals.toml\n  git commit -m "List {name}"')


@identity.command()
@click.argument("name")
@_base_option
@_repo_option
@_json_option
def show(*, name: str, base: str | None, repo: Path, as_json: bool) -> int:
    """Show one key: NAME is your key's or a principal's name, or a fingerprint.

    Exit 1 when there is no such key.
    """
    found = _identities(repo, base)
    own = [one for one in found.own if name in {one.key.name, one.key.file.public_key.key_id}]
    principal = found.principals.named(name) or found.principals.by_key(name)
    if as_json:
        listed = None if principal is None else _principal(principal)
        _print_json({"own": [_standing(one) for one in own], "principal": listed, "base": _base(found)})
    else:
        for one in own:
            _show_own(one)
            click.echo(f"  {one.key.file.public_key.line(one.key.name)}\n  {_shown(one.key.path)}")
        if principal is not None:
            _show_principal(principal)
        if not own and principal is None:
            click.echo(f"No key of yours and no principal of the base is called {_shown(name)}.", err=True)
    return 0 if own or principal is not None else UNUSABLE


def _is_listed(repository: Repository, name: str) -> bool:
    """Whether the working tree's list has the name already, so that its address stays as it is."""
    from agent_agency.attestation.principals import PRINCIPALS_PATH, Principals, read_principals

    path = (repository.root or Path()) / PRINCIPALS_PATH
    if not path.is_file():
        return False
    read = read_principals(path.read_bytes(), PRINCIPALS_PATH)
    return isinstance(read, Principals) and read.named(name) is not None


def _identities(folder: Path, base: str | None) -> Identities:
    from agent_agency.errors import NotARepositoryError
    from agent_agency.git import Repository
    from agent_agency.workflows.identity import identities
    from agent_agency.workflows.key_folder import KeyFolder

    keys = KeyFolder.of(os.environ)
    try:
        repository = Repository.discover(folder)
    except NotARepositoryError:
        if base is not None:
            raise
        return identities(keys, None, None)
    with repository:
        return identities(keys, repository, base)


def _show(found: Identities) -> None:
    if not found.own and not found.unusable:
        click.echo("You have no keys; agency identity new makes one.")
    else:
        click.echo("Your keys:")
    for one in found.own:
        _show_own(one)
    for error in found.unusable:
        click.echo(f"  {' '.join(error.message.split())}. {error.fix}")
    if found.base is None:
        click.echo("\nThere is no repository here, so nothing tells which of them count.")
        return
    if not found.principals.listed:
        click.echo(f"\n{_shown(found.base)} lists nobody.")
        return
    click.echo(f"\nListed at {_shown(found.base)} ({(found.commit or '')[:12]}):")
    for principal in found.principals.listed:
        _show_principal(principal)


def _show_own(one: Standing) -> None:
    key = one.key
    protected = "pass phrase" if key.file.protected else "no pass phrase"
    principal = one.principal
    counts = (
        f"counts as {principal.name} ({', '.join(sorted(principal.roles))})"
        if principal is not None
        else "counts for nothing: not listed at the base"
    )
    click.echo(f"  {key.name:<16} {key.file.public_key.key_id}  {protected}; {counts}")


def _show_principal(principal: Principal) -> None:
    address = f" <{principal.address}>" if principal.address else ""
    click.echo(f"  {principal.name}{address}: {', '.join(sorted(principal.roles))}")
    for key in principal.keys:
        click.echo(f"    {key.key_id}  {key.type}")


def _document(found: Identities) -> dict[str, Any]:
    return {
        "base": _base(found),
        "own": [_standing(one) for one in found.own],
        "unusable": [error.as_dict() for error in found.unusable],
        "principals": [_principal(principal) for principal in found.principals.listed],
    }


def _base(found: Identities) -> dict[str, Any] | None:
    return None if found.base is None else {"name": found.base, "commit": found.commit}


def _standing(one: Standing) -> dict[str, Any]:
    principal = None if one.principal is None else one.principal.name
    return {**_own_key(one.key), "counts": one.principal is not None, "principal": principal}


def _own_key(key: OwnKey) -> dict[str, Any]:
    public = key.file.public_key
    return {
        "name": key.name,
        "path": str(key.path),
        "key_id": public.key_id,
        "public_key": public.line(key.name),
        "protected": key.file.protected,
    }


def _principal(principal: Principal) -> dict[str, Any]:
    return {
        "name": principal.name,
        "address": principal.address or None,
        "roles": sorted(principal.roles),
        "keys": [{"key_id": key.key_id, "type": key.type} for key in principal.keys],
    }


def _print_json(members: dict[str, Any]) -> None:
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **members}, indent=2))


def _shown(text: str | Path) -> str:
    from agent_agency.facts import display_path

    return display_path(str(text))
