"""How running gates look: on a terminal one living line for each, elsewhere a plain line when one begins or ends."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from agent_agency.facts import GateResult
from agent_agency.report.text import clean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

KEPT_BYTES = 4096
REFRESHES_PER_SECOND = 8
WIDTH_OF_TIME = 6
_STYLING = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


class PlainProgress:
    """A line when a gate begins and when it has ended; what its tool writes is not repeated."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def begun(self, name: str, doing: str) -> None:
        """Say what a gate does now."""
        self._line(f"gate {name}: {doing}")

    def output(self, name: str, chunk: bytes) -> None:
        """Say nothing."""

    def ended(self, name: str, result: GateResult) -> None:
        """Say how a gate ended."""
        self._line(f"gate {name}: {result.status}, {result.reason}")

    def closed(self) -> None:
        """Say nothing."""

    def _line(self, text: str) -> None:
        with self._lock:
            self._stream.write(clean(text) + "\n")
            self._stream.flush()


@dataclass(slots=True)
class _Row:
    doing: str
    since: float
    last: bytes = b""
    result: GateResult | None = None
    took: float = 0.0


class LiveProgress:
    """A line for each gate: what it does, for how long, and the last line that its tool wrote."""

    def __init__(self, console: Console, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._now = now
        self._rows: dict[str, _Row] = {}
        self._lock = threading.Lock()
        self._live: Live | None = None
        self._begun = False

    def begun(self, name: str, doing: str) -> None:
        """Show what a gate does now."""
        with self._lock:
            known = self._rows.get(name)
            self._rows[name] = _Row(doing, known.since if known else self._now())
            first, self._begun = not self._begun, True
        if first:
            # not under the lock: what is started draws the table, which takes it
            self._start()

    def output(self, name: str, chunk: bytes) -> None:
        """Keep the last line of what the tool wrote."""
        with self._lock:
            row = self._rows.get(name)
            if row is not None:
                row.last = (row.last + chunk)[-KEPT_BYTES:]

    def ended(self, name: str, result: GateResult) -> None:
        """Show how a gate ended."""
        with self._lock:
            row = self._rows.setdefault(name, _Row("", self._now()))
            row.result, row.took = result, self._now() - row.since

    def closed(self) -> None:
        """Take the lines away: the ruling that follows tells the same in full."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _start(self) -> None:
        from rich.live import Live

        live = Live(
            console=self._console,
            get_renderable=self.table,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        live.start()
        self._live = live

    def table(self) -> Table:
        """The lines as they stand."""
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), expand=True)
        with self._lock:
            longest = max((len(clean(name)) for name in self._rows), default=0)
            table.add_column(no_wrap=True, min_width=longest)
            table.add_column(no_wrap=True, min_width=WIDTH_OF_TIME, justify="right")
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
            for name, row in self._rows.items():
                took = row.took if row.result else self._now() - row.since
                told = f"{row.result.status}  {row.result.reason}" if row.result else _doing(row)
                table.add_row(Text(clean(name)), Text(f"{took:.0f} s"), Text(clean(told)))
        return table


def _doing(row: _Row) -> str:
    line = last_line(row.last)
    return f"{row.doing}  {line}" if line else row.doing


def last_line(written: bytes) -> str:
    """The last line with something printable on it; a carriage return begins a line, as on a terminal."""
    for line in reversed(written.replace(b"\r", b"\n").split(b"\n")):
        text = clean(_STYLING.sub("", line.decode("utf-8", "replace"))).strip()
        if text:
            return text
    return ""
