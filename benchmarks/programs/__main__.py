"""``python -m benchmarks.programs [PROGRAM[/VARIANT]…]``: judge some of the corpus and tell what went wrong, why."""

from __future__ import annotations

import sys
from dataclasses import replace

from benchmarks.programs.corpus import Program, load
from benchmarks.programs.judging import judge_all


def main(names: list[str]) -> int:
    """Judge; exit 1 when a bad change was approved."""
    programs = [chosen for program in load() if (chosen := _chosen(program, names)).variants]
    bad = 0
    for judged in judge_all(programs):
        wrong = "FALSE APPROVAL" if judged.falsely_approved else "FALSE REJECTION" if judged.falsely_rejected else ""
        bad += judged.falsely_approved
        fooled = "" if judged.own_tests_pass else "own tests fail"
        row = [
            judged.name,
            judged.kind,
            judged.verdict,
            f"[{','.join(judged.decided_by)}]",
            ",".join(judged.rules),
            fooled,
            wrong,
        ]
        print("  ".join(part for part in row if part), flush=True)
        if wrong and judged.reason:
            print(f"    {judged.reason}")
    return 1 if bad else 0


def _chosen(program: Program, names: list[str]) -> Program:
    if not names or program.name in names:
        return program
    wanted = tuple(item for item in program.variants if f"{program.name}/{item.name}" in names)
    return replace(program, variants=wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
