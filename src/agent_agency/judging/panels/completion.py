"""Which of two outputs a judge's raw answer prefers: read as it is written, and never guessed.

A judge is shown two outputs, ``Output (a)`` and ``Output (b)``, and answers with a label alone, with one sentence, or
with an explanation that has its verdict at the beginning, at the end, or nowhere. A verdict counts where the judge says
it in its own voice about the outputs as a whole. What it reports of others ("Assistant (a) argues that …"), supposes
("if …"), denies, or says of one aspect ("in terms of brevity …") is no verdict. An answer that contradicts itself,
ends in a tie or breaks off before its verdict has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST = 100_000
"""Characters of an answer that are read; a verdict stands near its beginning or its end, so both ends are kept."""
_CONTEXT = 600  # characters around a claim that say whose it is; bounded, so that no answer takes long to read

_LABEL = r"outputs?[ \t]{0,3}(?:\([ \t]?(?P<x>[ab])[ \t]?\)|(?-i:(?P<x2>[AB])\b))"
_HEDGE = (
    r"(?:(?:clearly|definitely|slightly|overall|still|generally|therefore|thus|indeed|certainly|obviously|actually|"
    r"much|far|significantly|likely|probably|marginally|somewhat|to|be|a|an|the)[ \t]{1,3}){0,4}"
)
_GOOD = r"(?:better|superior|preferable|preferred|(?:(?<=the )|(?<=my ))(?:best|winner|correct choice|right choice))\b"
_IS = r"(?:is|was|seems|appears|would|remains|stands out as|(?:can|should|must|will|could) be)"
_CLAIMS = (
    re.compile(rf"{_LABEL},?[ \t]{{1,3}}{_IS}[ \t]{{1,3}}{_HEDGE}{_GOOD}", re.IGNORECASE),
    re.compile(
        r"\b(?:choose|select|prefer|pick|favou?r|chose|selected|vote for|opt for|go with|going with)[ \t]{1,3}"
        rf"{_LABEL}",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:(?:better|best|preferred|superior)(?:[ \t]{1,3}(?:output|one|answer|response|choice|option))?"
        r"(?:[ \t]{1,3}(?:for|to)\b[^.,;:()]{1,80}?)?"
        r"|(?:my|the|final)[ \t]{1,3}(?:final[ \t]{1,3})?(?:choice|answer|verdict|decision|preference|judge?ment))"
        rf"(?:[ \t]{{1,3}}(?:is|would be)|:)[ \t]{{1,3}}{_LABEL}",
        re.IGNORECASE,
    ),
)
_BARE = re.compile(
    r"[\s\"'.:(#]{0,8}(?:(?:answer|verdict|decision|choice)[ \t]{0,3}:\s{0,4})?"
    rf"(?:{_LABEL}|\(?(?P<x3>[ab])\))[\"'.!]{{0,3}}[ \t]{{0,3}}(?P<rest>\Z|\n|\()",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')]{0,2}\s+|\n+")
_CONCLUDES = re.compile(
    r"\b(?:therefore|thus|hence|consequently|overall|in (?:conclusion|summary|the end)|(?:to|I) conclude|ultimately|"
    r"finally|decision|verdict|conclusion|determined|decided|all things considered|based on)\b|^so\b",
    re.IGNORECASE,
)
_OTHERS_SAY = re.compile(
    r"\b(?:argu(?:e|es|ed|ing|ment)|claim(?:s|ed|ing)?|state[sd]|stating|sa(?:ys|id|ying)|suggest(?:s|ed|ing)?|"
    r"evaluat(?:es|ed|ing)|believe[sd]|conclude[sd]|thinks|thought|contend(?:s|ed)|assert(?:s|ed|ing)?|mention(?:s|ed)|"
    r"prefer(?:s|red)|maintain(?:s|ed)|note[sd]|points? out|pointed out|feels|felt|chooses|chose|agree[sd]|decide[sd]|"
    r"determine[sd]|insist(?:s|ed)|judge[sd]|favou?r(?:s|ed)|selects|picks|considers|recommend(?:s|ed)|"
    r"emphasi[sz]e[sd]|according to)\b(?:[^,;]{0,40}?\bthat\b)?",
    re.IGNORECASE,
)
_I_SAY = re.compile(
    r"\b(?:I|we)\b(?![ \t]{1,3}(?:do not|don't|cannot|can't|could not|would not|am not))"
    r"(?:[ \t]{1,3}(?:have|also|would|must|can|will|do|strongly|therefore|ultimately|now)){0,3}"
    r"(?:[ \t]{1,3}[a-z]{2,12})?(?:[^,;]{0,80}?\bthat\b)?"
    r"|\bit is (?:clear|evident|apparent|obvious)\b(?: that)?|\b(?:therefore|thus|hence|overall|ultimately)\b"
    r"|\b(?:based on|after) [^,;]{1,200}, ?",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(r"\b(?:if|unless|assuming|suppose|supposing|depending)\b", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:not|cannot|never|neither|nor|hardly|unclear|uncertain|both|either|or|difficult|hard to|whether|which|why)\b"
    r"|n't\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[,;:]|\bbut\b|\bhowever\b", re.IGNORECASE)
_ASPECT_BEFORE = re.compile(
    r"\b(?:in terms of|when it comes to|with regards? to|regarding|in regards? to|as for|for the sake of|in the aspect|"
    r"from the (?:perspective|standpoint|point of view)|considering only|with respect to)\b",
    re.IGNORECASE,
)
_ASPECT_AFTER = re.compile(
    r"[ \t]{1,3}(?:in terms of|at\b|with regards? to|with respect to|when it comes to|if\b)"
    r"|[ \t-]{1,3}(?:[a-z]{2,20}ed|written|known)\b",
    re.IGNORECASE,
)
_TIE = re.compile(
    r"\bneither\b[^.;]{0,60}?\b(?:better|superior|preferable|preferred)\b|\bequally\b"
    r"|\b(?:it is|it's) a tie\b|\btied?\b|\bno (?:clear |significant )?(?:winner|preference)\b"
    r"|\b(?:cannot|can't|could not|unable to|not able to) (?:choose|select|pick|decide|determine|say)\b"
    r"|\bdoes(?:n't| not) matter which\b|\bboth outputs? (?:are|is) (?:the same|identical)\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[*_`]{1,3}|^#{1,6}[ \t]*", re.MULTILINE)
_PLAIN_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


_SHOWN = {"12": {"a": "1", "b": "2"}, "21": {"a": "2", "b": "1"}}


@dataclass(frozen=True, slots=True)
class _Claim:
    label: str
    sentence: int
    concludes: bool


def winner_of(completion: str, order: str) -> str | None:
    """Which output the answer prefers, in the items' own numbering.

    Args:
        completion: the judge's raw answer.
        order: ``"12"`` where output 1 was shown first, as (a); ``"21"`` where output 2 was.

    Returns:
        ``"1"``, ``"2"``, or ``None`` where the answer holds no clear verdict.

    Raises:
        ValueError: the order is neither.
    """
    if order not in _SHOWN:
        raise ValueError(f"an order is 12 or 21, not {order!r}")
    label = label_of(completion)
    return None if label is None else _SHOWN[order][label]


def label_of(completion: str) -> str | None:
    """Which label the answer prefers: ``"a"``, ``"b"``, or ``None`` where it holds no clear verdict."""
    text = _MARKUP.sub("", _bounded(completion).translate(_PLAIN_QUOTES)).strip()
    sentences = _SENTENCE_END.split(text)
    claims = [claim for number, one in enumerate(sentences) for claim in _claims(one, number)]
    claims.extend(_closing(text, len(sentences) - 1))
    if _ends_in_tie(sentences, claims):
        return None
    return _decided(_opening(text), claims)


def _bounded(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]}\n{text[-half:]}"


def _opening(text: str) -> str | None:
    """The label that stands alone at the beginning, or whose verdict the answer begins with."""
    found = _BARE.match(text) or _CLAIMS[0].match(text)
    return None if found is None or _ASPECT_AFTER.match(text, found.end()) else _label(found)


def _closing(text: str, number: int) -> Iterator[_Claim]:
    """The label that stands alone on the last line."""
    found = _BARE.fullmatch(text.rpartition("\n")[2])
    if found is not None:
        yield _Claim(_label(found), number, concludes=True)


def _label(found: re.Match[str]) -> str:
    parts = found.groupdict()
    return str(parts["x"] or parts["x2"] or parts.get("x3")).lower()


def _claims(sentence: str, number: int) -> Iterator[_Claim]:
    for form in _CLAIMS:
        for found in form.finditer(sentence):
            start, end = found.span()
            before, after = sentence[max(0, start - _CONTEXT) : start], sentence[end : end + _CONTEXT]
            concludes = _CONCLUDES.search(before) is not None
            if _is_own(before, after) and (concludes or not _of_one_aspect(before, after)):
                yield _Claim(_label(found), number, concludes)


def _is_own(before: str, after: str) -> bool:
    """Whether what stands between is said by the judge itself, and outright."""
    if before.count('"') % 2 or _SUPPOSED.search(before) or after.lstrip().startswith("?"):
        return False
    clause = _CLAUSE_END.split(before)[-1]
    return not (_DENIED.search(clause) or _others(before))


def _of_one_aspect(before: str, after: str) -> bool:
    return bool(_ASPECT_BEFORE.search(before) or _ASPECT_AFTER.match(after))


def _others(before: str) -> bool:
    """Whether somebody else's view is being told: the last speaker named counts."""
    others = [found.end() for found in _OTHERS_SAY.finditer(before)]
    mine = [found.end() for found in _I_SAY.finditer(before)]
    return bool(others) and (not mine or mine[-1] < others[-1])


def _ends_in_tie(sentences: Sequence[str], claims: Sequence[_Claim]) -> bool:
    """Whether the answer concludes, after every verdict, that neither is better or that it will not choose."""
    last = max((claim.sentence for claim in claims), default=-1)
    return any(_TIE.search(one) and _CONCLUDES.search(one) for one in sentences[last + 1 :])


def _decided(opening: str | None, claims: Sequence[_Claim]) -> str | None:
    """The one label that all verdicts name; where they differ, the one that every conclusion and the opening name."""
    labels = {claim.label for claim in claims} | ({opening} if opening else set())
    if len(labels) > 1:
        concluded = {claim.label for claim in claims if claim.concludes}
        labels = concluded | ({opening} if opening else set()) if concluded else set()
    return labels.pop() if len(labels) == 1 else None
