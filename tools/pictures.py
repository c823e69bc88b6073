"""Makes the documentation's pictures from real runs: ``python -m tools.pictures``.

A command runs in a pseudo-terminal, so that it shows what it shows to a person, colours included. The picture of panels
needs recorded judges, which are no part of the project: ``python -m tools.pictures --judgments judgments.jsonl.gz``
with the items beside them makes that one, in a few minutes, and no other.
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import shutil
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
        console.print(Text.from_ansi(written.rstrip("\n") + "\n"))
        return _WEB_FONT.sub("", console.export_svg(title=title, unique_id="agency"))


def photograph(page: Path, picture: Path) -> None:
    """Photograph a page as Chromium shows it.

    Raises:
        SystemExit: when no Chromium is installed.
    """
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("Chromium is needed for the picture of the HTML report (Debian: apt-get install chromium).")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    size = ["--window-size=1100,880", "--hide-scrollbars", f"--user-data-dir={page.parent / 'profile'}"]
    orders = ["--headless", "--disable-gpu", *sandbox, *size, f"--screenshot={picture}"]
    subprocess.run([browser, *orders, page.as_uri()], check=True, capture_output=True, timeout=60)


def draw_panels(judgments: Path) -> None:
    """Draw how good recorded judges are, alone and as panels; the same record gives the same bytes."""
    without = ["--without", "GPT-4", "--without", "GPT-4,PaLM2"]
    picture = ["--picture", str(PICTURES / "panels.svg")]
    subprocess.run([AGENCY, "judge", "bench", "--replay", str(judgments), *without, *picture], check=True)


def main() -> None:
    """Make every picture anew, or the one of panels where recorded judges are given."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--judgments", type=Path, metavar="FILE", help="Recorded judges of LLMBar.")
    judgments = parser.parse_args().judgments
    PICTURES.mkdir(exist_ok=True)
    if judgments:
        draw_panels(judgments)
        print("wrote docs/pictures/panels.svg")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = show([AGENCY, "try", "--keep", "tally"], folder).replace(name, "/tmp")  # noqa: S108 - text in a picture
        (PICTURES / "try.svg").write_text(draw("agency try", written), "utf-8")
        review = [AGENCY, "review", "--repo", "tally", "--base", "main", "--head", "leaves-scope"]
        own_keys = {**os.environ, "AGENCY_KEYS": str(folder / "keys")}
        subprocess.run([*review, "--format", "html", "--out", "report.html"], cwd=folder, env=own_keys, check=False)
        photograph(folder / "report.html", PICTURES / "report.png")
    print("wrote docs/pictures/try.svg and docs/pictures/report.png")


if __name__ == "__main__":
    main()
