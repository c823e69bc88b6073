"""Asking for a pass phrase on the terminal, and nowhere else.

A pass phrase that a program could hand over in an argument, a variable or on standard input would be one that an agent
could hand over.
"""

from __future__ import annotations

import contextlib
import os
import termios
from collections.abc import Iterator

from agent_agency.errors import SigningError

TERMINAL = "/dev/tty"
LEAST_LENGTH = 12
MOST_BYTES = 72
"""What bcrypt takes in; more would be cut off by some programs and not by others."""

_LONGEST = 1024


def ask_pass_phrase(prompt: str) -> bytes:
    """Show the prompt on the terminal and read one line without showing it.

    Raises:
        SigningError: there is no terminal, or nothing was typed.
    """
    with _terminal() as terminal:
        return _asked(terminal, prompt)


def ask_new_pass_phrase(name: str) -> bytes:
    """Ask twice for the pass phrase of a new key.

    Raises:
        SigningError: there is no terminal, the two differ, or it is shorter than ``LEAST_LENGTH`` characters or
            longer than ``MOST_BYTES`` bytes.
    """
    with _terminal() as terminal:
        first = _asked(terminal, f"New pass phrase for the key {name} ({LEAST_LENGTH} characters or more): ")
        if len(first.decode("utf-8", "replace")) < LEAST_LENGTH:
            raise SigningError(
                f"The pass phrase has fewer than {LEAST_LENGTH} characters",
                fix="Choose a longer one; several words are easy to keep.",
                code="signature.pass_phrase",
            )
        if len(first) > MOST_BYTES:
            raise SigningError(
                f"The pass phrase has more than {MOST_BYTES} bytes",
                fix="Choose a shorter one.",
                code="signature.pass_phrase",
            )
        if _asked(terminal, "The same again: ") != first:
            raise SigningError("The two pass phrases differ", fix="Try again.", code="signature.pass_phrase")
    return first


@contextlib.contextmanager
def _terminal() -> Iterator[int]:
    try:
        terminal = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise SigningError(
            "There is no terminal to type a pass phrase on, and it is taken from nowhere else",
            fix="Run the command in a terminal, or sign with a key in an ssh-agent or hardware (--ssh-key FILE).",
            code="signature.no_terminal",
        ) from error
    try:
        yield terminal
    finally:
        os.close(terminal)


def _asked(terminal: int, prompt: str) -> bytes:
    before = termios.tcgetattr(terminal)
    silent = termios.tcgetattr(terminal)
    silent[3] = (silent[3] & ~termios.ECHO) | termios.ICANON | termios.ISIG
    try:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
        os.write(terminal, prompt.encode())
        typed = _line(terminal)
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        os.write(terminal, b"\n")
    if not typed:
        raise SigningError("No pass phrase was typed", fix="Try again.", code="signature.pass_phrase")
    return typed


def _line(terminal: int) -> bytes:
    typed = b""
    while len(typed) < _LONGEST and not typed.endswith(b"\n"):
        part = os.read(terminal, _LONGEST)
        if not part:
            break
        typed += part
    return typed.rstrip(b"\r\n")
