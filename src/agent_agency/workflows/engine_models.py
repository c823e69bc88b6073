"""The models of this machine: taking one into the user's engines, listing them, letting one go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.errors import AgencyError, EngineError, MissingExtraError
from agent_agency.inference.bench.machine import measured_on
from agent_agency.inference.engine_file import engines_path, is_engine_name, load_engines
from agent_agency.inference.engine_file_edit import with_engine, with_role, without_engine
from agent_agency.inference.engine_file_write import change_engines
from agent_agency.inference.engine_settings import EngineChoices, EngineSettings
from agent_agency.inference.models.backend_choice import Machine, choose_backend
from agent_agency.inference.models.digests import Digests, Told, no_word
from agent_agency.inference.models.last_winner import last_winner
from agent_agency.inference.models.library import keep_download, models_folder
from agent_agency.inference.models.model_facts import ModelFacts, read_model, refuse_without_template
from agent_agency.inference.models.source import Remote, read_source

if TYPE_CHECKING:
    from agent_agency.inference.engine_file_edit import Setting
    from agent_agency.inference.models.download import Fetch

AS_ADDED, NOT_PINNED, CHANGED = "as added", "not pinned", "changed"
_PLAIN = re.compile(r"[^a-z0-9_.-]+")
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class AddOrder:
    """What a person asks for.

    Args:
        source: a file, folder, URL or name on a hub.
        name: of the engine; ``None`` for one made of the file's name.
        engine: what is to run it.
        role: that it is to take.
        sha256: digits that the file's digest must have.
    """

    source: str
    name: str | None = None
    engine: str = "auto"
    role: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class AddedModel:
    """What was added: where it is, what it says of itself, what will run it, and what a person should know.

    ``role_of`` is the engine that had the role before; ``engine`` is empty where none is installed that runs it.
    """

    name: str
    path: Path
    digest: str
    facts: ModelFacts
    engine: str
    why: str
    warnings: tuple[str, ...]
    role: str | None
    role_of: str | None
    settings_file: str
    downloaded: bool


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model of the user's engines; ``standing`` is ``as added``, ``changed``, ``not pinned``, or what is wrong."""

    settings: EngineSettings
    digest: str | None
    facts: ModelFacts | None
    standing: str
    roles: tuple[str, ...]

    @property
    def fine(self) -> bool:
        """Whether it is there and whole, and no other than was added."""
        return self.standing in {AS_ADDED, NOT_PINNED}


@dataclass(frozen=True, slots=True)
class RemovedEngine:
    """An engine that was taken out of the settings; ``deleted`` is the download that went with it."""

    name: str
    roles: tuple[str, ...]
    settings_file: str
    kept: str | None
    deleted: str | None


def add_model(order: AddOrder, environment: Mapping[str, str], fetch: Fetch, told: Told = no_word) -> AddedModel:
    """Take a model into the user's engines; nothing is written unless it is a whole model.

    Args:
        order: what is asked for.
        environment: says where settings and models are kept.
        fetch: brings a file from elsewhere.
        told: of the bytes that are hashed.

    Raises:
        FileUnreadableError: the file cannot be read.
        FileUnwritableError: the settings or the download cannot be written.
        EngineError: it is no model, another one than was asked for, its name is taken, or it cannot be fetched.
    """
    choices = _choices(environment)
    wanted = _wanted_digest(order.sha256)
    source = read_source(order.source, environment)
    origin = source.name if isinstance(source, Remote) else source.name or source.resolve().name
    name = order.name or _name_of(origin)
    if not is_engine_name(name):
        raise _unnamed(name)
    _refuse_taken(choices.engines.get(name), name, source)
    if isinstance(source, Remote):
        path, digest = keep_download(source, wanted, models_folder(environment), fetch)
    else:
        path = Path(source).absolute()
        refuse_without_template(read_model(path), path)
        digest = Digests.of_user(environment).of(path, told)
    if wanted is not None and digest != wanted:
        raise wrong_digest(path, wanted, digest)
    facts = read_model(path)
    engine, why, warnings = _runner(
        EngineSettings(name, "local", path=str(path), engine=order.engine), facts, digest, environment
    )
    role_of = choices.roles.get(order.role or "")
    _write(order, name, path, digest, environment)
    return AddedModel(
        name=name,
        path=path,
        digest=digest,
        facts=facts,
        engine=engine,
        why=why,
        warnings=(*facts.warnings(), *warnings),
        role=order.role,
        role_of=None if role_of == name else role_of,
        settings_file=choices.path,
        downloaded=isinstance(source, Remote),
    )


def list_models(environment: Mapping[str, str], told: Told = no_word) -> tuple[str, tuple[ListedModel, ...]]:
    """The file of engines, and the models of this machine in it, each looked at as it is now.

    Raises:
        FileUnreadableError: the settings cannot be read.
        EngineError: they are wrong.
    """
    choices = load_engines(environment)
    digests = Digests.of_user(environment)
    listed = []
    for settings in choices.engines.values():
        if settings.kind == "local":
            roles = tuple(role for role, of in choices.roles.items() if of == settings.name)
            listed.append(_looked_at(settings, digests, roles, told))
    return choices.path, tuple(listed)


def remove_engine(name: str, environment: Mapping[str, str], *, keep_file: bool = False) -> RemovedEngine:
    """Take an engine out of the settings; a file that we downloaded goes too, unless another engine needs it.

    Raises:
        EngineError: there is no such engine, or the file's layout needs a person (``engine.config``).
        FileUnwritableError: the settings cannot be written.
    """
    choices = load_engines(environment)
    settings = choices.engines.get(name)
    if settings is None:
        known = ", ".join(choices.engines) or "there are none"
        fix = f"Name one of {choices.path}: {known}."
        raise EngineError(f"There is no engine {name[:80]!r} to remove", fix=fix, code="engine.unknown")
    change_engines(environment, lambda text: without_engine(text, name))
    roles = tuple(role for role, of in choices.roles.items() if of == name)
    path = settings.path
    others = {one.path for one in choices.engines.values() if one.name != name}
    ours = path is not None and models_folder(environment).resolve() in Path(path).resolve().parents
    if path is None or not ours or path in others or keep_file:
        return RemovedEngine(name, roles, choices.path, path, None)
    with suppress(OSError):
        Path(path).unlink(missing_ok=True)
        Path(path).parent.rmdir()  # stays where another file of the same bytes has another name
    return RemovedEngine(name, roles, choices.path, None, path)


def _choices(environment: Mapping[str, str]) -> EngineChoices:
    """The user's engines; a file that is named and not there yet is going to be made."""
    path = engines_path(environment)
    return load_engines(environment) if path.exists() else EngineChoices(path=str(path))


def wrong_digest(path: Path, wanted: str, found: str) -> EngineError:
    """The error of a file that is another one than was asked for."""
    return EngineError(
        f"The file's digest is {found}, and {wanted} was asked for",
        fix="Find out which file is meant; the one that is there was not added.",
        path=str(path),
        code="engine.wrong_digest",
    )


def _looked_at(settings: EngineSettings, digests: Digests, roles: tuple[str, ...], told: Told) -> ListedModel:
    path = Path(settings.path or "")
    try:
        facts = read_model(path)
        digest = digests.of(path, told)
    except AgencyError as error:
        return ListedModel(settings, None, None, error.message, roles)
    if settings.digest is None:
        return ListedModel(settings, digest, facts, NOT_PINNED, roles)
    return ListedModel(settings, digest, facts, AS_ADDED if digest == settings.digest else CHANGED, roles)


def _runner(
    settings: EngineSettings, facts: ModelFacts, digest: str, environment: Mapping[str, str]
) -> tuple[str, str, tuple[str, ...]]:
    """What runs the model and why; a library that is missing is a warning, for it can be installed later."""
    measured = last_winner(digest, environment).choice
    try:
        found = choose_backend(settings, facts, measured, Machine.this(), measured_on(digest).memory_gib)
    except MissingExtraError as error:
        return "", "", (f"{error.message}. {error.fix}",)
    return found.engine, found.why, ()


def _write(order: AddOrder, name: str, path: Path, digest: str, environment: Mapping[str, str]) -> None:
    settings: dict[str, Setting] = {"kind": "local", "path": _written(path), "digest": digest}
    if order.engine != "auto":
        settings["engine"] = order.engine

    def change(text: str) -> str:
        changed = with_engine(text, name, settings)
        return changed if order.role is None else with_role(changed, order.role, name)

    change_engines(environment, change)


def _written(path: Path) -> str:
    text = str(path)
    if not text.isprintable():
        raise EngineError(
            "The model's path holds signs that the file of engines cannot hold",
            fix="Move the model to a path of printable letters.",
            code="engine.bad_source",
        )
    return text


def _refuse_taken(there: EngineSettings | None, name: str, source: Path | Remote) -> None:
    """Refuse a name that another engine has; the same file may be added again, to take it as it is now."""
    if there is None:
        return
    same = there.kind == "local" and there.path is not None
    if same and isinstance(source, Path) and Path(there.path or "").resolve() == source.resolve():
        return
    if same and isinstance(source, Remote) and Path(there.path or "").name == source.name:
        return
    raise EngineError(
        f"There is an engine {name!r} already",
        fix=f"Give another --name, or run agency engine remove {name} first.",
        code="engine.name_taken",
    )


def _name_of(origin: str) -> str:
    stem = origin[: -len(".gguf")] if origin.lower().endswith(".gguf") else origin
    plain = _PLAIN.sub("-", stem.lower()).strip("-._")
    named = plain if plain[:1].isalpha() else f"model-{plain}".strip("-")
    return named[:_LONGEST_NAME].rstrip("-._")


def _unnamed(name: str) -> EngineError:
    return EngineError(
        f"{name[:80]!r} is no name for an engine",
        fix="Give a --name of small letters, digits, '-', '_' and '.' that is no role and not offline or replay.",
        code="engine.bad_name",
    )


def _wanted_digest(text: str | None) -> str | None:
    if text is None:
        return None
    digits = text.strip().lower().removeprefix("sha256:")
    if re.fullmatch(r"[0-9a-f]{64}", digits):
        return f"sha256:{digits}"
    raise EngineError(
        "--sha256 is no digest of 64 digits",
        fix="Give it as its maker publishes it, as --sha256 9f86d0…",
        code="engine.bad_source",
    )
