"""Leave out who made a thing: judges favour their own kind, and believe authority, when they know the author.

Names come from whoever asks for the judgement (authors of the commits, the agent's name). Addresses, trailers and
phrases of attribution are found without being told. Ordinary code is left as it is, so a word that is also an agent's
name is blinded only where something is attributed to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

AUTHOR = "[author]"
ADDRESS = "[address]"
_SHORTEST_NAME = 3

_TRAILER = re.compile(
    r"^(?P<lead>[ +-]?[ \t]*(?:[#*/]+[ \t]*)?)"
    r"(?P<key>(?:co-authored|signed-off|reviewed|acked|tested|reported|generated|suggested|committed|authored)-by"
    r"|author|committer|co-author)(?P<colon>[ \t]*:[ \t]*)\S.*$",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}"
    r"(?:com|org|net|edu|gov|io|ai|dev|app|info|invalid|example|test|local|[a-z]{2})\b(?![\w(\[])",
)
_AGENTS = (
    *(
        "claude(?: code)?",
        "chatgpt",
        "gpt-?[0-9][a-z0-9.-]*",
        "(?:github )?copilot",
        "cursor",
        "codex",
        "devin",
        "gemini",
    ),
    *("aider", "windsurf", "openhands", "swe-agent", "llama", "qwen", "deepseek", "mistral", "jules", "amp"),
)
_GAP = r"[^\S\n]{1,9}"  # a blank of any width
_ATTRIBUTED = re.compile(
    r"\b(?P<how>(?:generated|written|created|authored|made|reviewed|verified|approved|checked|fixed|produced)"
    rf"{_GAP}(?:by|with|using){_GAP}(?:the{_GAP})?)(?:(?:anthropic|openai|google|meta)(?:['\u2019]s)?{_GAP})?"
    rf"(?:{'|'.join(_AGENTS)})\b",
    re.IGNORECASE,
)


def blinded(text: str, names: Iterable[str] = ()) -> str:
    """A text without its authors; doing it again changes nothing.

    Args:
        text: what is judged, or what is said of it.
        names: of authors and agents, as they are written; shorter ones than three characters are not looked for.
    """
    text = _TRAILER.sub(rf"\g<lead>\g<key>\g<colon>{AUTHOR}", text)
    before = ""
    while "@" in text and text != before:  # addresses may share a character
        before, text = text, _ADDRESS.sub(ADDRESS, text)
    text = _ATTRIBUTED.sub(rf"\g<how>{AUTHOR}", text)
    pattern = _any_of(names)
    return pattern.sub(AUTHOR, text) if pattern else text


def _any_of(names: Iterable[str]) -> re.Pattern[str] | None:
    known = sorted({name.strip() for name in names if len(name.strip()) >= _SHORTEST_NAME}, key=lambda n: (-len(n), n))
    if not known:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)", re.IGNORECASE)
