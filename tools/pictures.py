"""Makes the documentation's pictures from real runs: ``python -m tools.pictures``.

A command runs in a pseudo-terminal, so that it shows what it shows to a person, colours included.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
AGENCY = str(Path(sys.executable).parent / "agency")
WIDTH = 88
_WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def show(command: list[str], folder: Path) -> str:
    """Run a command in a terminal of its own and give what it wrote, escape codes included."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        written = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return written.decode("utf-8", "replace").replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux answers EIO when the other end of a pseudo-terminal is closed
        return b""


def draw(title: str, written: str) -> str:
    """Draw terminal output as an SVG that loads nothing from anywhere."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.from_ansi(written.rstrip("\n")))
        return _WEB_FONT.sub("", console.export_svg(title=title, unique_id="agency"))


def main() -> None:
    """Make every picture anew."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        written = show([AGENCY, "try", "--keep", "tally"], Path(folder)).replace(folder, "/tmp")  # noqa: S108 - text
    (PICTURES / "try.svg").write_text(draw("agency try", written), "utf-8")
    print("wrote docs/pictures/try.svg")


if __name__ == "__main__":
    main()
