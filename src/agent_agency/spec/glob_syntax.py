"""From a glob pattern to a regular expression, as picomatch 4.0 reads patterns with ``dot: true``.

The reference decides scope with picomatch, whose meaning of a pattern is the expression that it derives, corner cases
included. So this module derives the same expression (in ECMAScript's syntax, as text); ``safe_regex`` runs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent_agency.spec.glob_expressions import ANY, GLOBSTAR, NOT_DOT_END, NOT_DOTS_HERE, ONE, STAR, escape
from agent_agency.spec.glob_repetition import repetition_as_text
from agent_agency.spec.glob_simple import SAME_AS, plain_expression, well_known

MAX_PATTERN = 8192
MAX_NESTING = 64

_POSIX_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "ascii": r"\x00-\x7F",
    "blank": r" \t",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": r"\x21-\x7E",
    "lower": "a-z",
    "print": r"\x20-\x7E ",
    "punct": r"\-!\"#$%&'()\*+,./:;<=>?@[\]^_`{|}~",
    "space": r" \t\r\n\v\f",
    "upper": "A-Z",
    "word": "A-Za-z0-9_",
    "xdigit": "A-Fa-f0-9",
}
_EXTGLOBS = {"!": "negate", "?": "qmark", "+": "plus", "*": "star"}
_EXTGLOB_OPEN = {"negate": "(?:(?!(?:"}
_EXTGLOB_CLOSE = {"negate": f")){STAR})", "qmark": ")?", "plus": ")+", "star": ")*"}


class UnusablePatternError(Exception):
    """The pattern is longer or nested deeper than is read here; it then matches only itself."""


def translate(pattern: str) -> str:
    """Derive the anchored expression for a non-empty pattern.

    Raises:
        UnusablePatternError: for patterns beyond 8,192 characters or 64 levels of nesting.
    """
    if len(pattern) > MAX_PATTERN:
        raise UnusablePatternError
    if pattern[0] in ".*" and (known := well_known(pattern)):
        return f"^(?:{known})$"
    expression, negated = _Translator(SAME_AS.get(pattern, pattern)).run()
    return f"^(?!^(?:{expression})$).*$" if negated else f"^(?:{expression})$"


@dataclass(slots=True, eq=False)
class _Token:
    """One piece of the pattern: its ``text`` as written, its ``regex`` (``None``: the text itself)."""

    kind: str
    text: str
    regex: str | None = None
    starred: bool = False
    extglob: bool = False
    posix: bool = False
    prev: _Token | None = None

    @property
    def output(self) -> str:
        return self.text if self.regex is None else self.regex


@dataclass(slots=True, eq=False)
class _Brace:
    token: _Token
    output_at: int
    token_at: int
    comma: bool = False
    dots: bool = False


@dataclass(slots=True, eq=False)
class _Extglob:
    kind: str
    parens: int
    output: str
    start: int
    token_at: int
    inner: str = ""


class _Translator:
    """Reads one pattern from left to right.

    ``output`` grows beside the tokens: both hold the expression, and where a later character changes what an earlier
    one meant (a range, a repetition) it is the tokens' that counts (``rebuild``).
    """

    def __init__(self, pattern: str) -> None:
        self.input = pattern.removeprefix("./")
        self.index = -1
        self.start = 0
        self.output = ""
        self.negated = False
        self.rebuild = False
        self.quoted = False
        self.brackets = 0
        self.parens = 0
        self.open: list[str] = []
        self.braces: list[_Brace] = []
        self.extglobs: list[_Extglob] = []
        self.first = self.previous = _Token("bos", "", "")
        self.tokens = [self.first]
        self.handlers: dict[str, Callable[[], None]] = {
            '"': self._quote,
            "(": self._paren_open,
            ")": self._paren_close,
            "[": self._bracket_open,
            "]": self._bracket_close,
            "{": self._brace_open,
            "}": self._brace_close,
            ",": self._comma,
            "/": self._slash,
            ".": self._dot,
            "?": self._question,
            "!": self._exclamation,
            "+": self._plus,
            "@": self._at,
            "*": self._star,
        }

    def run(self) -> tuple[str, bool]:
        """Translate; tells the expression and whether the pattern as a whole is negated."""
        if not re.search(r"^[*!]|[/()\[\]{}\"]", self.input):
            return plain_expression(self.input), False
        return self.run_parts(), self.negated

    def run_parts(self) -> str:
        """Translate part by part, also what could be read more simply."""
        while not self._at_end():
            self._next()
        self._close_what_is_open()
        if self.previous.kind in {"star", "bracket"}:
            self._push(_Token("maybe_slash", "", r"\/?"))
        return "".join(token.output for token in self.tokens) if self.rebuild else self.output

    # reading

    def _at_end(self) -> bool:
        return self.index >= len(self.input) - 1

    def _peek(self, ahead: int = 1) -> str:
        at = self.index + ahead
        return self.input[at] if at < len(self.input) else ""

    def _advance(self) -> str:
        self.index += 1
        return self.input[self.index] if self.index < len(self.input) else ""

    def _rest(self) -> str:
        return self.input[self.index + 1 :]

    def _next(self) -> None:
        value = self._advance()
        if value == "\0":
            return
        if value == "\\":
            escaped = self._escape_sequence()
            if escaped is None:
                return
            value = escaped
        if self.brackets and (value != "]" or self.previous.text in {"[", "[^"}):
            self._in_bracket(value)
        elif self.quoted and value != '"':
            self._extend(escape(value))
        elif (handler := self.handlers.get(value)) is not None:
            handler()
        else:
            self._text(value)

    # writing

    def _push(self, token: _Token) -> None:
        previous = self.previous
        if previous.kind == "globstar":
            in_brace = bool(self.braces) and token.kind in {"comma", "brace"}
            if token.kind not in {"slash", "paren"} and not in_brace and not token.extglob:
                self.output = self.output[: len(self.output) - len(previous.output)] + STAR
                previous.kind, previous.text, previous.regex = "star", "*", STAR
        if self.extglobs and token.kind != "paren":
            self.extglobs[-1].inner += token.text
        self.output += token.output
        if previous.kind == "text" and token.kind == "text":
            previous.regex = (previous.regex or previous.text) + token.text
            previous.text += token.text
            return
        token.prev = previous
        self.tokens.append(token)
        self.previous = token

    def _extend(self, text: str) -> None:
        """Add to the token before."""
        self.previous.text += text
        self.output += text

    def _open(self, kind: str) -> None:
        self.open.append(kind)
        if len(self.open) > MAX_NESTING:
            raise UnusablePatternError

    # characters

    def _text(self, value: str) -> None:
        if value in {"$", "^"}:
            value = "\\" + value
        run = re.match(r"[^@!\[\].,$*+?^{}()|\\/]+", self._rest()) if value != "|" else None
        if run:
            value += run[0]
            self.index += len(run[0])
        self._push(_Token("text", value))

    def _escape_sequence(self) -> str | None:
        """Read what follows a backslash; ``None`` when nothing is left to handle."""
        following = self._peek()
        if following in {"/", ".", ";"}:
            return None
        if not following:
            self._push(_Token("text", "\\\\"))
            return None
        value = "\\"
        run = re.match(r"\\+", self._rest())
        if run and len(run[0]) > 2:  # noqa: PLR2004 - a run of four and more is collapsed
            self.index += len(run[0])
            if len(run[0]) % 2:
                value += "\\"
        value += self._advance()
        if self.brackets:
            return value
        self._push(_Token("text", value))
        return None

    def _quote(self) -> None:
        self.quoted = not self.quoted

    def _comma(self) -> None:
        regex = ","
        if self.braces and self.open and self.open[-1] == "braces":
            self.braces[-1].comma = True
            regex = "|"
        self._push(_Token("comma", ",", regex))

    def _slash(self) -> None:
        if self.previous.kind == "dot" and self.index == self.start + 1:
            self.start = self.index + 1
            self.output = ""
            self.tokens.pop()
            self.previous = self.first
            return
        self._push(_Token("slash", "/", r"\/"))

    def _dot(self) -> None:
        previous = self.previous
        if self.braces and previous.kind == "dot":
            if previous.text == ".":
                previous.regex = r"\."
            previous.kind = "dots"
            previous.regex = (previous.regex or "") + "."
            previous.text += "."
            self.braces[-1].dots = True
            return
        plain = not self.braces and not self.parens and previous.kind not in {"bos", "slash"}
        self._push(_Token("text" if plain else "dot", ".", r"\."))

    def _question(self) -> None:
        previous, following = self.previous, self._peek()
        if previous.text != "(" and following == "(" and self._peek(2) != "?":
            self._extglob_open("?")
        elif previous.kind == "paren":
            literal = previous.text == "(" and not (following and following in "!=<:")
            literal = literal or (following == "<" and not re.search(r"<([!=]|\w+>)", self._rest(), re.ASCII))
            self._push(_Token("text", "?", r"\?" if literal else "?"))
        else:
            self._push(_Token("qmark", "?", ANY))

    def _exclamation(self) -> None:
        lookaround = self._peek(2) == "?" and bool(self._peek(3)) and self._peek(3) in "!=<:"
        if self._peek() == "(" and not lookaround:
            self._extglob_open("!")
        elif self.index == 0:
            self._negate()
        else:
            self._text("!")

    def _negate(self) -> None:
        count = 1
        while self._peek() == "!" and (self._peek(2) != "(" or self._peek(3) == "?"):
            self._advance()
            self.start += 1
            count += 1
        if count % 2:
            self.negated = True
            self.start += 1

    def _plus(self) -> None:
        previous = self.previous
        if self._peek() == "(" and self._peek(2) != "?":
            self._extglob_open("+")
        elif previous.text == "(":
            self._push(_Token("plus", "+", r"\+"))
        elif previous.kind in {"bracket", "paren", "brace"} or self.parens > 0:
            self._push(_Token("plus", "+"))
        else:
            self._push(_Token("plus", r"\+"))

    def _at(self) -> None:
        if self._peek() == "(" and self._peek(2) != "?":
            self._push(_Token("at", "@", "", extglob=True))
        else:
            self._push(_Token("text", "@"))

    # groups

    def _paren_open(self) -> None:
        self._open("parens")
        self.parens += 1
        self._push(_Token("paren", "("))

    def _paren_close(self) -> None:
        if self.extglobs and self.parens == self.extglobs[-1].parens + 1:
            self._extglob_close(self.extglobs.pop())
            return
        self._push(_Token("paren", ")", ")" if self.parens else r"\)"))
        self._close("parens")

    def _close(self, kind: str) -> None:
        if kind == "parens":
            self.parens -= 1
        if self.open:
            self.open.pop()

    def _extglob_open(self, char: str) -> None:
        kind = _EXTGLOBS[char]
        group = _Extglob(kind, self.parens, self.output, self.index, len(self.tokens))
        self._open("parens")
        self.parens += 1
        self._push(_Token(kind, char, "" if self.output else ONE))
        self._push(_Token("paren", self._advance(), _EXTGLOB_OPEN.get(kind, "(?:"), extglob=True))
        self.extglobs.append(group)

    def _extglob_close(self, group: _Extglob) -> None:
        if group.kind in {"plus", "star"} and self._repetition_taken_literally(group):
            return
        close = _EXTGLOB_CLOSE[group.kind]
        if group.kind == "negate":
            close = self._negation_close(group)
        self._push(_Token("paren", ")", close, extglob=True))
        self._close("parens")

    def _repetition_taken_literally(self, group: _Extglob) -> bool:
        """Replace a repetition that picomatch holds to be risky by what it makes of it."""
        body = self.input[group.start + 2 : self.index]
        replacement = repetition_as_text(body)
        if replacement is None:
            return False
        literal = self.input[group.start : self.index + 1]
        opening = self.tokens[group.token_at]
        opening.kind, opening.text = "text", literal
        opening.regex = ("" if group.output else ONE) + replacement if replacement else escape(literal)
        for token in self.tokens[group.token_at + 1 :]:
            token.text, token.regex = "", ""
        self.output = group.output + opening.regex
        self.rebuild = True
        self._push(_Token("paren", ")", "", extglob=True))
        self._close("parens")
        return True

    def _negation_close(self, group: _Extglob) -> str:
        rest = self._rest()
        star = GLOBSTAR if len(group.inner) > 1 and "/" in group.inner else STAR
        close = _EXTGLOB_CLOSE["negate"]
        if star is not STAR or self._at_end() or re.fullmatch(r"\)+", rest):
            close = f")$)){star}"
        if "*" in group.inner and re.fullmatch(r"\.[^\\/.]+", rest):
            inner = _Translator(rest)
            close = f"){inner.run_parts()}){star})"
        return close

    # brackets

    def _bracket_open(self) -> None:
        if "]" in self._rest():
            self._open("brackets")
            self.brackets += 1
            self._push(_Token("bracket", "["))
        else:
            self._push(_Token("bracket", r"\["))

    def _in_bracket(self, value: str) -> None:
        previous = self.previous
        if value == ":" and self._posix_class(previous):
            return
        literal_dash = value == "-" and self._peek() == "]"
        first_in_class = value == "]" and previous.text in {"[", "[^"}
        if (value == "[" and self._peek() != ":") or literal_dash or first_in_class:
            value = "\\" + value
        self._extend(value)

    def _posix_class(self, previous: _Token) -> bool:
        inner = previous.text[1:]
        if "[" not in inner:
            return False
        previous.posix = True
        if ":" not in inner:
            return False
        at = previous.text.rfind("[")
        members = _POSIX_CLASSES.get(previous.text[at + 2 :])
        if members is None:
            return False
        previous.text = previous.text[:at] + members
        self.rebuild = True
        self._advance()
        if not self.tokens[0].output and self.tokens[1] is previous:
            self.tokens[0].regex = ONE
        return True

    def _bracket_close(self) -> None:
        previous = self.previous
        if (previous.kind == "bracket" and len(previous.text) == 1) or not self.brackets:
            self._push(_Token("text", "]", r"\]"))
            return
        self.brackets -= 1
        self._close("brackets")
        inside = previous.text[1:]
        negated = not previous.posix and inside.startswith("^") and "/" not in inside
        self._extend("/]" if negated else "]")
        if re.search(r"[-*+?.^${}(|)[\]]", inside):
            return
        written = previous.text
        previous.text = f"(?:{escape(written)}|{written})"
        self.output = self.output[: len(self.output) - len(written)] + previous.text

    # braces

    def _brace_open(self) -> None:
        self._open("braces")
        token = _Token("brace", "{", "(")
        self.braces.append(_Brace(token, len(self.output), len(self.tokens)))
        self._push(token)

    def _brace_close(self) -> None:
        if not self.braces:
            self._push(_Token("text", "}", "}"))
            return
        brace = self.braces[-1]
        token = _Token("brace", "}", ")")
        if brace.dots:
            token.regex = self._range()
            self.rebuild = True
        elif not brace.comma:
            brace.token.text = brace.token.regex = r"\{"
            token.text = token.regex = r"\}"
            parts = self.tokens[brace.token_at :]
            self.output = self.output[: brace.output_at] + "".join(part.regex or part.text for part in parts)
        self._push(token)
        self._close("braces")
        self.braces.pop()

    def _range(self) -> str:
        """Take the tokens of ``{a..b}`` away and tell the class that they stand for."""
        ends: list[str] = []
        while (token := self.tokens.pop()).kind != "brace":
            if token.kind != "dots":
                ends.insert(0, token.text)
        ends.sort()
        return _range_class(ends)

    # stars

    def _star(self) -> None:
        previous = self.previous
        if previous.kind == "globstar" or previous.starred:
            previous.kind, previous.starred = "star", True
            previous.text += "*"
            previous.regex = STAR
            self.rebuild = True
        elif re.match(r"\([^?]", self._rest()):
            self._extglob_open("*")
        elif previous.kind == "star":
            self._second_star(previous)
        else:
            self._first_star(previous)

    def _first_star(self, previous: _Token) -> None:
        if self.index == self.start or previous.kind in {"slash", "dot"}:
            guard = NOT_DOT_END if previous.kind == "dot" else NOT_DOTS_HERE
            if self._peek() != "*":
                guard += ONE
            self.output += guard
            previous.regex = previous.output + guard
        self._push(_Token("star", "*", STAR))

    def _second_star(self, star: _Token) -> None:
        prior = star.prev or self.first
        at_start = prior.kind in {"slash", "bos"}
        in_brace = bool(self.braces) and prior.kind in {"comma", "brace"}
        if not at_start and prior.kind != "paren" and not in_brace:
            self._push(_Token("star", "*", ""))
            return
        while self.input[self.index + 1 : self.index + 4] == "/**" and self._peek(4) in {"", "/"}:
            self.index += 3
        self._globstar(star, prior)

    def _globstar(self, star: _Token, prior: _Token) -> None:
        """Turn a star into a globstar, which also swallows the slash beside it when it is a segment of its own."""
        before = prior.prev.kind if prior.prev else ""
        inside = prior.kind == "slash" and before != "bos"
        swallows = self._peek() == "/" and (prior.kind == "bos" or inside)
        kept = self.output[: len(self.output) - len(star.output)]
        star.kind = "globstar"
        star.text += "*"
        star.regex = GLOBSTAR
        if prior.kind == "bos" and (swallows or self._at_end()):
            kept = ""
            star.regex = rf"(?:^|\/|{GLOBSTAR}\/)" if swallows else GLOBSTAR
        elif swallows or (inside and before not in {"star", "globstar"} and self._at_end()):
            kept = kept[: len(kept) - len(prior.output)] + f"(?:{prior.output}"
            prior.regex = f"(?:{prior.output}"
            star.regex += rf"\/|\/{'|$' if self._peek(2) else ''})" if swallows else "|$)"
        self.output = kept + star.regex
        if swallows:
            self._advance()
            self._push(_Token("slash", "/", ""))

    # the end

    def _close_what_is_open(self) -> None:
        self.output = _escape_last(self.output, "[", self.brackets)
        self.output = _escape_last(self.output, "(", self.parens)
        self.output = _escape_last(self.output, "{", len(self.braces))


def _escape_last(text: str, char: str, times: int) -> str:
    for _ in range(times):
        at = text.rfind(char)
        while at > 0 and text[at - 1] == "\\":
            at = text.rfind(char, 0, at)
        if at >= 0:
            text = f"{text[:at]}\\{text[at:]}"
    return text


def _range_class(ends: list[str]) -> str:
    """``{a..c}`` is the class ``[a-c]``; ends that make no class stand as text."""
    from agent_agency.spec.safe_regex import is_valid

    members = f"[{'-'.join(ends)}]"
    return members if is_valid(members) else "..".join(escape(end) for end in ends)
