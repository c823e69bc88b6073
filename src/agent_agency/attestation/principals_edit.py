"""Adding a principal, or a key of one, to the text of the list, which keeps its comments, order and line ends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from agent_agency.attestation.keys import PublicKey
from agent_agency.attestation.principals import PRINCIPALS_PATH, Principal, Principals, read_principals
from agent_agency.errors import LawError, UsageError
from agent_agency.facts import Finding

_BY_HAND = f"Edit {PRINCIPALS_PATH} by hand."
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[\],]', re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Addition:
    """What is to be listed. ``address`` is ``None`` where an existing principal's is to stay."""

    name: str
    address: str | None
    roles: tuple[str, ...]
    keys: tuple[PublicKey, ...]


def with_addition(text: str, addition: Addition) -> str:
    """The text of the list with the addition in it.

    Raises:
        LawError: the list as it is, or as it would be, is one that nobody could be read from.
        UsageError: the addition contradicts what is listed, or the text is laid out so that only a person can edit it.
    """
    before = _read(text)
    old = before.named(addition.name)
    if old is None:
        after = (*before.listed, _new_principal(addition))
        changed = _with_table(text, addition)
    else:
        new = _grown(old, addition)
        after = tuple(new if one is old else one for one in before.listed)
        changed = _with_entries(text, before.listed.index(old), old, new)
    if _read(changed).listed != after:
        raise UsageError("The list is laid out so that only a person can edit it", fix=_BY_HAND, path=PRINCIPALS_PATH)
    return changed


def _read(text: str) -> Principals:
    read = read_principals(text.encode(), PRINCIPALS_PATH)
    if isinstance(read, Principals):
        return read
    raise _refused(read[0])


def _refused(finding: Finding) -> LawError:
    return LawError(
        f"The list of principals cannot be so: {finding.message}",
        fix=finding.remedy,
        path=PRINCIPALS_PATH,
        line=finding.place.line,
    )


def _new_principal(addition: Addition) -> Principal:
    if not addition.roles:
        raise UsageError(f"{addition.name} is not listed yet", fix="Say with --role what they may do.")
    return Principal(addition.name, addition.address or "", frozenset(addition.roles), addition.keys)


def _grown(old: Principal, addition: Addition) -> Principal:
    if addition.address is not None and addition.address != old.address:
        raise UsageError(f"{old.name} is listed with the address {old.address}", fix=_BY_HAND, path=PRINCIPALS_PATH)
    keys = tuple(key for key in addition.keys if key not in old.keys)
    return replace(old, roles=old.roles | set(addition.roles), keys=(*old.keys, *keys))


def _with_table(text: str, addition: Addition) -> str:
    rows = [
        "[[principal]]",
        f"name = {json.dumps(addition.name)}",
        *([f"address = {json.dumps(addition.address)}"] if addition.address else []),
        f"roles = [{', '.join(json.dumps(role) for role in addition.roles)}]",
        "keys = [",
        *(f"    {json.dumps(key.line(addition.name))}," for key in addition.keys),
        "]",
    ]
    feed = _line_end(text)
    before = f"{text.rstrip()}{feed}{feed}" if text.strip() else ""
    return before + feed.join(rows) + feed


def _with_entries(text: str, index: int, old: Principal, new: Principal) -> str:
    from agent_agency.toml_places import key_places

    roles = [json.dumps(role) for role in sorted(new.roles - old.roles)]
    keys = [json.dumps(key.line(new.name)) for key in new.keys if key not in old.keys]
    for setting, added in (("keys", keys), ("roles", roles)):
        place = key_places(text).get(("principal", index, setting))
        if added and place is None:
            raise UsageError("The list is laid out so that only a person can edit it", fix=_BY_HAND)
        if added and place is not None:
            text = _with_elements(text, _offset(text, *place), added)
    return text


def _with_elements(text: str, start: int, added: Sequence[str]) -> str:
    """Put elements at the end of the array whose key stands at ``start``."""
    tokens = list(_array_tokens(text, start))
    last = next((token for token in reversed(tokens[:-1]) if not token[0].startswith("#")), None)
    if last is None or len(tokens) < len("[]"):
        raise UsageError("The list is laid out so that only a person can edit it", fix=_BY_HAND, path=PRINCIPALS_PATH)
    ends_in_comma, opens = last[0] == ",", last[0] == "["
    line_start = text.rfind("\n", 0, last.start()) + 1
    indent = re.match(r"[ \t]*", text[line_start:])
    over_lines = "\n" in text[tokens[0].end() : tokens[-1].start()] and not opens
    gap = _line_end(text) + (indent[0] if indent else "") if over_lines else " "
    joined = f",{gap}".join(added) + ("," if ends_in_comma else "")
    lead = "" if opens else gap if ends_in_comma else f",{gap}"
    return text[: last.end()] + lead + joined + text[last.end() :]


def _array_tokens(text: str, start: int) -> Iterator[re.Match[str]]:
    """The tokens of the array, from its opening to its closing bracket."""
    depth = 0
    for token in _TOKEN.finditer(text, text.index("=", start)):
        depth += (token[0] == "[") - (token[0] == "]")
        yield token
        if depth <= 0:
            return


def _offset(text: str, line: int, column: int) -> int:
    return sum(map(len, text.splitlines(keepends=True)[: line - 1])) + column - 1


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
