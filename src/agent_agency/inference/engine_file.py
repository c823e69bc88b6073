"""The user's file of engines: ``agency/engines.toml`` in the user's configuration, or what ``AGENCY_ENGINES`` names.

It is deliberately no part of a repository: whoever writes a change must not be able to say which server judges it, nor
have the arbiter send its prompts, and a key, to an address of the change's choosing.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent_agency.errors import EngineError, FileUnreadableError
from agent_agency.facts import Finding, Place, Severity
from agent_agency.gate_reader import did_you_mean
from agent_agency.inference.engine_settings import (
    KINDS,
    LOCAL_ENGINES,
    PRECISIONS,
    REMEASURE,
    ROLES,
    EngineChoices,
    EngineSettings,
    PoolLimits,
    SpendLimits,
    seconds_of,
)
from agent_agency.inference.server_address import read_address
from agent_agency.inference.spend.money import micro_of
from agent_agency.toml_places import Pointer, has_deep_keys, key_places, nearest_place

ENGINES = "AGENCY_ENGINES"
MAX_BYTES = 256 * 1024
_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_RESERVED = ("offline", "replay", *ROLES)
_SERVER_KEYS = (
    "kind",
    "url",
    "model",
    "api_key_env",
    "context",
    "temperature",
    "max_tokens",
    "connect_s",
    "idle_s",
    "ca_file",
    "proxy",
    "uncounted",
    "price_per_million_prompt",
    "price_per_million_completion",
    "currency",
)
_PRICES = MappingProxyType(
    {"price_per_million_prompt": "price_prompt", "price_per_million_completion": "price_completion"}
)
_CURRENCY = re.compile(r"[A-Z]{3}")
_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "openai": _SERVER_KEYS,
        "ollama": (*_SERVER_KEYS, "keep_alive"),
        "local": (
            "kind",
            "path",
            "engine",
            "precision",
            "width",
            "context",
            "threads",
            "memory_gb",
            "keep_alive",
            "warm",
            "remeasure",
            "digest",
            "temperature",
            "max_tokens",
        ),
        "offline": ("kind",),
        "replay": ("kind", "recording"),
    }
)
_WHOLE_NUMBERS = (
    ("context", 256, 10_000_000),
    ("max_tokens", 1, 1_000_000),
    ("width", 1, 256),
    ("threads", 1, 1024),
)
_NUMBERS = (
    ("temperature", 0.0, 10.0),
    ("connect_s", 0.01, 600.0),
    ("idle_s", 0.01, 86_400.0),
    ("memory_gb", 0.01, 100_000.0),
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SECRETS = ("api_key", "apikey", "key", "token", "password", "secret")


def engines_path(environment: Mapping[str, str], home: Callable[[], Path] = Path.home) -> Path:
    """Where the file is or would be.

    Raises:
        EngineError: the environment names no file, and the user has no home.
    """
    if chosen := environment.get(ENGINES):
        return Path(chosen)
    configuration = environment.get("XDG_CONFIG_HOME")
    if configuration and Path(configuration).is_absolute():
        return Path(configuration) / "agency" / "engines.toml"
    try:
        return home() / ".config" / "agency" / "engines.toml"
    except RuntimeError as error:
        fix = f"Name the file of your engines in {ENGINES}."
        raise EngineError("This user has no home folder", fix=fix, code="engine.not_configured") from error


def is_engine_name(name: str) -> bool:
    """Whether an engine may be called so."""
    return _NAME.fullmatch(name) is not None and name not in _RESERVED


def load_engines(environment: Mapping[str, str]) -> EngineChoices:
    """Read the user's file; none is an empty choice, unless ``AGENCY_ENGINES`` names it.

    Raises:
        FileUnreadableError: it cannot be read, or anybody may write it.
        EngineError: it is wrong (``engine.config``); the first of its problems is told, with its line.
    """
    path = engines_path(environment)
    try:
        with path.open("rb") as stream:
            if path.stat().st_mode & stat.S_IWOTH:
                fix = f"Run chmod o-w {path}: whoever writes it says which server judges."
                raise FileUnreadableError("Anybody on this machine may write the file", fix=fix, path=str(path))
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if environment.get(ENGINES):
            fix = f"Write it, or unset {ENGINES}."
            raise FileUnreadableError(f"The file that {ENGINES} names is not there", fix=fix, path=str(path)) from None
        return EngineChoices(path=str(path))
    except OSError as error:
        message = f"The engines cannot be read: {error.strerror or error}"
        raise FileUnreadableError(message, fix="Make it a readable file.", path=str(path)) from error
    read = read_engines(data, str(path))
    if isinstance(read, EngineChoices):
        return read
    first, more = read[0], len(read) - 1
    message = first.message + (f" (and {more} more)" if more else "")
    raise EngineError(message, fix=first.remedy, path=str(path), line=first.place.line, code="engine.config")


def read_engines(data: bytes, path: str) -> EngineChoices | tuple[Finding, ...]:
    """Read the file's bytes; what is wrong with it comes back as findings, by line.

    Args:
        data: TOML in UTF-8.
        path: the path that findings name; a relative path in the file is taken from its folder.
    """
    reader = _Reader(path)
    choices = reader.choices(data)
    if reader.found:
        return tuple(sorted(reader.found, key=lambda finding: finding.place.line or 0))
    return choices


class _Reader:
    """Reads a file and gathers what is wrong with it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._places: Mapping[Pointer, tuple[int, int]] = {}
        self.found: list[Finding] = []

    def choices(self, data: bytes) -> EngineChoices:
        value = self._parsed(data)
        self._known_keys(value, (), ("engines", "roles", "spend", "pool"))
        tables = self._table(value, "engines")
        read = {name: self._engine(name, table) for name, table in tables.items()}
        engines = {name: engine for name, engine in read.items() if engine is not None}
        roles = self._roles(self._table(value, "roles"), tuple(tables))
        spend = self._spend(self._table(value, "spend"), engines)
        pool = self._pool(self._table(value, "pool"))
        return EngineChoices(MappingProxyType(engines), MappingProxyType(roles), self._path, spend, pool)

    def _parsed(self, data: bytes) -> Mapping[str, Any]:
        if len(data) > MAX_BYTES:
            self._wrong((), f"The file is larger than {MAX_BYTES:,} bytes", "Keep only engines in it.")
            return {}
        try:
            text = data.decode("utf-8")
            value = {} if has_deep_keys(text) else tomllib.loads(text)
        except UnicodeDecodeError:
            self._wrong((), "The file is not UTF-8", "Save it as UTF-8.")
            return {}
        except tomllib.TOMLDecodeError as error:
            where = re.search(r"line (\d+)", str(error))
            said = re.sub(r"\s*\(at .*\)$", "", str(error)).rstrip(".")
            self._wrong((), f"No valid TOML: {said}", "Mend the syntax.", line=int(where[1]) if where else None)
            return {}
        except RecursionError:
            self._wrong((), "Values are nested too deeply", "Flatten them.")
            return {}
        if has_deep_keys(text):
            self._wrong((), "Values are nested too deeply", "Flatten them.")
        self._places = key_places(text)
        return value

    def _engine(self, name: str, table: Any) -> EngineSettings | None:
        at: Pointer = ("engines", name)
        before = len(self.found)
        if not is_engine_name(name):
            remedy = f"Use small letters, digits, '-', '_' and '.', and none of: {', '.join(_RESERVED)}."
            self._wrong(at, f"{name[:80]!r} is no name for an engine", remedy)
        if not isinstance(table, dict):
            self._wrong(at, f"'engines.{name}' is not a table", f"Write '[engines.{name}]' and its settings below.")
            return None
        kind = table.get("kind")
        if kind not in KINDS:
            told = "has no 'kind'" if kind is None else "has a 'kind' that is unknown"
            self._wrong((*at, "kind"), f"The engine {name!r} {told}", f"Write one of: {', '.join(KINDS)}.")
            return None
        self._known_keys(table, at, _KEYS[kind])
        settings = EngineSettings(name=name, kind=kind, **self._values(table, at))
        self._needed(settings, at)
        return settings if len(self.found) == before else None

    def _values(self, table: Mapping[str, Any], at: Pointer) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key in ("url", "model", "keep_alive", "proxy"):
            self._text(table, at, key, values)
        for key in ("ca_file", "recording", "path"):
            self._text(table, at, key, values)
            if key in values:
                values[key] = str(Path(self._path).parent / Path(values[key]).expanduser())
        self._text(table, at, "api_key_env", values)
        if "api_key_env" in values and not _VARIABLE.fullmatch(values["api_key_env"]):
            self._wrong((*at, "api_key_env"), "'api_key_env' is no name of an environment variable", _NAME_THE_VARIABLE)
        values |= self._numbers(table, at)
        for key in ("uncounted", "warm"):
            if key in table:
                values[key] = table[key]
                if not isinstance(table[key], bool):
                    self._wrong((*at, key), f"'{key}' is not true or false", "Write true or false.")
        return values | self._local_values(table, at) | self._prices(table, at)

    def _prices(self, table: Mapping[str, Any], at: Pointer) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, name in _PRICES.items():
            self._amount(table, at, key, name, values)
        if len(values) == 1:
            self._wrong(at, "Only one of the two prices is there", f"Write both: {' and '.join(_PRICES)}.")
        self._currency(table, at, values)
        if (len(values) > 1) != ("currency" in values):
            self._wrong(at, "Prices and their currency go together", "Write both prices, and 'currency = \"EUR\"'.")
        return values

    def _spend(self, table: Mapping[str, Any], engines: Mapping[str, EngineSettings]) -> SpendLimits:
        at: Pointer = ("spend",)
        values: dict[str, Any] = {}
        self._known_keys(table, at, ("month", "task", "currency"))
        for key in ("month", "task"):
            self._amount(table, at, key, key, values)
        self._currency(table, at, values)
        limits = SpendLimits(**values)
        if table and not limits.currency:
            self._wrong(at, "The caps of '[spend]' have no currency", "Write 'currency = \"EUR\"' below [spend].")
        currencies = {one.currency for one in engines.values() if one.currency} | ({limits.currency} - {""})
        if len(currencies) > 1:
            several = ", ".join(sorted(currencies))
            self._wrong(at if table else (), f"There are several currencies: {several}", "State all prices in one.")
        return limits

    def _pool(self, table: Mapping[str, Any]) -> PoolLimits:
        at: Pointer = ("pool",)
        self._known_keys(table, at, ("memory_gb",))
        if "memory_gb" in table and self._number(table["memory_gb"], (*at, "memory_gb"), 0.01, 65_536, whole=False):
            return PoolLimits(float(table["memory_gb"]))
        return PoolLimits()

    def _amount(self, table: Mapping[str, Any], at: Pointer, key: str, name: str, values: dict[str, Any]) -> None:
        if key not in table:
            return
        amount = micro_of(table[key])
        if amount is None:
            remedy = f"Write '{key} = \"1.50\"': 0 or more, with at most six decimals."
            self._wrong((*at, key), f"'{key}' is no amount of money", remedy)
        else:
            values[name] = amount

    def _currency(self, table: Mapping[str, Any], at: Pointer, values: dict[str, Any]) -> None:
        self._text(table, at, "currency", values)
        if not _CURRENCY.fullmatch(values.get("currency", "EUR")):
            self._wrong((*at, "currency"), "'currency' is no code of a currency", "Write it as 'EUR' (ISO 4217).")

    def _local_values(self, table: Mapping[str, Any], at: Pointer) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, known in (("engine", LOCAL_ENGINES), ("precision", PRECISIONS), ("remeasure", REMEASURE)):
            if key not in table:
                continue
            if table[key] in known:
                values[key] = table[key]
            else:
                self._wrong((*at, key), f"'{key}' is unknown", f"Write one of: {', '.join(known)}.")
        self._text(table, at, "digest", values)
        if "digest" in values and not _DIGEST.fullmatch(values["digest"]):
            self._wrong(
                (*at, "digest"), "'digest' is no 'sha256:' with 64 digits", "Take it out, or add the model anew."
            )
        return values

    def _numbers(self, table: Mapping[str, Any], at: Pointer) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, least, most in _WHOLE_NUMBERS:
            if key in table and self._number(table[key], (*at, key), least, most, whole=True):
                values[key] = table[key]
        for key, low, high in _NUMBERS:
            if key in table and self._number(table[key], (*at, key), low, high, whole=False):
                values[key] = float(table[key])
        return values

    def _needed(self, settings: EngineSettings, at: Pointer) -> None:
        if settings.kind == "replay" and not settings.recording:
            self._wrong(at, f"The engine {settings.name!r} names no recording", "Write 'recording = \"FILE\"'.")
        if settings.kind == "local":
            self._local_needed(settings, at)
        if settings.kind not in {"openai", "ollama"}:
            return
        for key, url in (("url", settings.url), ("proxy", settings.proxy)):
            if url is None:
                continue
            try:
                read_address(url)
            except ValueError as error:
                remedy = f"Write '{key} = \"http://127.0.0.1:11434\"' with the address."
                self._wrong((*at, key), f"'{key}' of the engine {settings.name!r} is no address: {error}", remedy)

    def _local_needed(self, settings: EngineSettings, at: Pointer) -> None:
        if not settings.path:
            self._wrong(at, f"The engine {settings.name!r} names no model", "Write 'path = \"FILE.gguf\"'.")
        try:
            seconds_of(settings.keep_alive or "0s")
        except ValueError as error:
            self._wrong((*at, "keep_alive"), f"'keep_alive' cannot be used: {error}", "Write 'keep_alive = \"10m\"'.")

    def _roles(self, roles: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
        self._known_keys(roles, ("roles",), ROLES)
        kept: dict[str, str] = {}
        for role, name in roles.items():
            if isinstance(name, str) and name in names:
                kept[role] = name
            else:
                remedy = did_you_mean(str(name), names) if names else "Write a table [engines.NAME] first."
                self._wrong(("roles", role), f"The role {role!r} names no engine of this file", remedy)
        return kept

    def _table(self, value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        table = value.get(name, {})
        if isinstance(table, dict):
            return table
        self._wrong((name,), f"'{name}' is not a table", f"Write '[{name}]' and its settings below.")
        return {}

    def _text(self, table: Mapping[str, Any], at: Pointer, key: str, values: dict[str, Any]) -> None:
        if key not in table:
            return
        value = table[key]
        if isinstance(value, str) and value.strip() and value.isprintable():
            values[key] = value
        else:
            self._wrong((*at, key), f"'{key}' is no text", f"Write '{key} = \"…\"'.")

    def _number(self, value: Any, at: Pointer, least: float, most: float, *, whole: bool) -> bool:
        kinds = int if whole else (int, float)
        if isinstance(value, kinds) and not isinstance(value, bool) and least <= value <= most:
            return True
        what = "whole number" if whole else "number"
        self._wrong(at, f"'{at[-1]}' is no {what} from {least:,} to {most:,}", f"Write a {what} of at least {least:,}.")
        return False

    def _known_keys(self, table: Mapping[str, Any], at: Pointer, known: tuple[str, ...]) -> None:
        for key in table:
            if key in known:
                continue
            if key.lower() in _SECRETS and "api_key_env" in known:
                self._wrong((*at, key), f"'{key}' would keep a key in this file", _NAME_THE_VARIABLE)
                continue
            where = ".".join(str(part) for part in (*at, key))
            self._wrong((*at, key), f"'{where[:80]}' is no setting", did_you_mean(key, known))

    def _wrong(self, at: Pointer, message: str, remedy: str, *, line: int | None = None) -> None:
        found, column = nearest_place(self._places, at)
        if found is None and at:  # a table that stands only in the headers of those below it
            found, column = min(
                (self._places[one] for one in self._places if one[: len(at)] == at), default=(None, None)
            )
        place = Place(self._path, line or found, None if line else column)
        self.found.append(Finding("engines.wrong", Severity.MAJOR, message, remedy, place, subject=str(at)))


_NAME_THE_VARIABLE = "Put the key into an environment variable and write its name: 'api_key_env = \"OUR_KEY\"'."
