"""Where downloaded models are kept: a folder each in the user's data, named by the file's digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError, FileUnwritableError
from agent_agency.inference.models.alone import alone
from agent_agency.inference.models.model_facts import read_model, refuse_without_template

if TYPE_CHECKING:
    from agent_agency.inference.models.download import Fetch
    from agent_agency.inference.models.source import Remote

INCOMING = ".incoming"


def models_folder(environment: Mapping[str, str]) -> Path:
    """The folder of downloaded models (XDG Base Directory Specification 0.8).

    Raises:
        EngineError: the user has no home folder.
    """
    named, home = environment.get("XDG_DATA_HOME", ""), environment.get("HOME", "")
    if Path(named).is_absolute():
        return Path(named) / "agency" / "models"
    if Path(home).is_absolute():
        return Path(home) / ".local" / "share" / "agency" / "models"
    raise EngineError(
        "This user has no folder to keep models in", fix="Set HOME or XDG_DATA_HOME.", code="engine.not_configured"
    )


def keep_download(source: Remote, wanted: str | None, folder: Path, fetch: Fetch) -> tuple[Path, str]:
    """Fetch a file, see that it is the whole model that was asked for, and keep it under its digest.

    Args:
        source: where it is.
        wanted: the digest that it must have.
        folder: of all downloaded models.
        fetch: brings the bytes into a file, and tells their digest.

    Returns:
        Where it is, and its digest.

    Raises:
        EngineError: it cannot be fetched, or is not what was asked for; then nothing of it is kept, unless the
            download broke off: then the same command goes on where it ended.
        FileUnwritableError: it cannot be written.
    """
    incoming = folder / INCOMING / f"{hashlib.sha256(source.url.encode()).hexdigest()[:32]}.part"
    try:
        incoming.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(incoming):
            digest = fetch(source, wanted, incoming)
            return _kept(incoming, digest, source, wanted, folder), digest
    except OSError as error:
        raise FileUnwritableError(
            f"The model could not be kept: {error.strerror or error}",
            fix="Check that the folder may be written and the disk has room.",
            path=str(incoming.parent),
        ) from error


def _kept(incoming: Path, digest: str, source: Remote, wanted: str | None, folder: Path) -> Path:
    """Put what came to its place, or away where it is not what was asked for."""
    try:
        if wanted is not None and digest != wanted:
            raise EngineError(
                f"The file's digest is {digest}, and {wanted} was asked for",
                fix="Find out which file is meant; what was fetched is not kept.",
                code="engine.wrong_digest",
            )
        _refuse_other(incoming, source)
        target = folder / digest.removeprefix("sha256:") / source.name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        incoming.replace(target)
    finally:
        incoming.unlink(missing_ok=True)
    return target


def _refuse_other(incoming: Path, source: Remote) -> None:
    """Refuse what is no whole model, naming where it came from rather than where it lay for a moment."""
    try:
        refuse_without_template(read_model(incoming), incoming)
    except EngineError as error:
        message = f"{error.message} ({source.url})"
        fix = "Check the URL; what it names cannot be used, and nothing of it was kept."
        raise EngineError(message, fix=fix, code=error.stable_code) from error
