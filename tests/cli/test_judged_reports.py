"""Coverage of changed lines, ratchets and budgets, as a user meets them in ``agency review``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from support.command import Done
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.warm_command import agency

COVER = """\
import coverage, sys
sys.path.insert(0, '.')
measured = coverage.Coverage(include=['src/*'], data_file=None)
with measured.collect():
    from tests.test_totals import test_total
    test_total()
measured.json_report(outfile='cover.json')
"""
LINT = """\
import json, sys
from pathlib import Path
found = [
    {'code': 'S307', 'filename': str(path), 'location': {'row': row, 'column': 1}, 'message': 'eval is used'}
    for path in sorted(Path('src').resolve().rglob('*.py'))
    for row, line in enumerate(path.read_text().splitlines(), 1) if 'eval(' in line
]
Path('lint.json').write_text(json.dumps(found))
sys.exit(bool(found))
"""
BENCH = """\
import json
from pathlib import Path
lines = len(Path('src/totals.py').read_text().splitlines())
result = {'command': 'length', 'mean': lines, 'min': lines, 'max': lines, 'exit_codes': [0]}
Path('bench.json').write_text(json.dumps({'results': [result]}))
"""


def gate_table(name: str, kind: str, script: str, report: str, form: str, more: str = "") -> str:
    argv = f"['{sys.executable}', '-c', '''\n{script}''']"
    return (
        f"[[gate]]\nname = '{name}'\nkind = '{kind}'\nargv = {argv}\nreport = '{report}'\nformat = '{form}'\n{more}\n"
    )


def repo_with(tmp_path: Path, config: str, totals: str) -> GitRepo:
    repo = lawful_repo(tmp_path / "repo", config=config)
    repo.checkout("main")
    repo.write("src/totals.py", totals)
    repo.write(
        "tests/test_totals.py", "from src.totals import total\n\ndef test_total():\n    assert total([1]) == 1\n"
    )
    repo.commit("Begin")
    repo.git("branch", "-f", "work", "main")
    repo.checkout("work")
    return repo


def review(repo: GitRepo) -> Done:
    return agency("review", "--base", "main", "--head", "work", "--json", cwd=repo.path)


def gate(done: Done, name: str) -> dict[str, Any]:
    (found,) = [gate for gate in done.document["gates"] if gate["name"] == name]
    return dict(found)


def findings(done: Done, name: str) -> list[dict[str, Any]]:
    return [found for found in done.document["findings"] if found["gate"] == name]


TOTALS = "def total(lines):\n    return sum(lines)\n"
COVERAGE = gate_table("cover", "coverage", COVER, "cover.json", "coveragepy", "threshold = { 3 = 10 }")


def test_an_untested_new_function_and_file_are_named_line_by_line(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, f"{COVERAGE}changed_threshold = {{ 3 = 60 }}\n", TOTALS)
    more = f"{TOTALS}\n\ndef rounded(value):\n    if value < 0:\n        return 0\n    return round(value)\n"
    repo.commit("Round", **{"src/totals.py": more, "src/fresh.py": "VALUE = 1\n"})
    done = review(repo)
    assert (done.code, gate(done, "cover")["status"]) == (1, "fail"), done.out + done.err
    figures = gate(done, "cover")["figures"]
    assert (figures["changed_lines"], figures["changed_covered"], figures["changed_percent"]) == (5, 1, 20)
    told = {found["path"]: found["message"] for found in findings(done, "cover") if found["severity"] == "major"}
    assert "src/fresh.py:1" in told["src/fresh.py"]
    assert "src/totals.py:6-8" in told["src/totals.py"]


def test_a_ratchet_passes_what_was_there_before_and_fails_what_is_new(tmp_path: Path) -> None:
    lint = gate_table("lint", "lint", LINT, "lint.json", "ruff", "ratchet = true")
    repo = repo_with(tmp_path, lint, f"OLD = eval('1')\n{TOTALS}")
    repo.commit("Move it down", **{"src/totals.py": f"NEW = 2\n\nOLD = eval('1')\n{TOTALS}"})
    done = review(repo)
    assert gate(done, "lint")["status"] == "pass", done.out + done.err
    figures = gate(done, "lint")["figures"]
    assert (figures["counted"], figures["base_counted"], figures["new"]) == (1, 1, 0)
    repo.commit("Another", **{"src/totals.py": f"NEW = eval('2')\n\nOLD = eval('1')\n{TOTALS}"})
    done = review(repo)
    assert (gate(done, "lint")["status"], gate(done, "lint")["figures"]["new"]) == ("fail", 1)
    [new] = [found for found in findings(done, "lint") if found["severity"] == "major"]
    assert new["path"] == "src/totals.py"


def test_a_budget_holds_and_the_ratio_to_the_base_is_told(tmp_path: Path) -> None:
    table = gate_table("speed", "performance", BENCH, "bench.json", "hyperfine", "ratchet = true")
    repo = repo_with(tmp_path, f"{table}[gate.budget]\nlength = 3\n", TOTALS)
    repo.commit("Grow", **{"src/totals.py": TOTALS + "\n# one\n"})
    done = review(repo)
    assert gate(done, "speed")["status"] == "fail", done.out + done.err
    assert gate(done, "speed")["figures"]["budget"]["length"] == {
        "value": 4,
        "most": 3,
        "unit": "s",
        "base": 2,
        "ratio": 2,
    }
