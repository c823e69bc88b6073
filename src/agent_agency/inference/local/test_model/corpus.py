from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path

JUDGE_WORDS = "Yes No yes no pass partial fail abstain score verdict reason evidence A B C D E"


def corpus() -> Iterator[str]:
    for word in JUDGE_WORDS.split():
        yield f"{word} {word}\n" * 3000
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        yield path.read_text(encoding="utf-8", errors="replace")
