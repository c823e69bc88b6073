"""What llama.cpp needs to find in its process's environment."""

from __future__ import annotations

from collections.abc import Mapping


def environment_for_child(*, spin: bool = False) -> Mapping[str, str]:
    """Variables to start a process with that loads this backend; they are read before any code of ours runs.

    Its threads wait for one another by spinning, so beside one busy process of another they stand still for whole time
    slices (59 tokens a second became 21, reference/inference.md §3e). Waiting passively costs a fifth on an idle
    machine and keeps 33 of 46 on a busy one.

    Where an assertion of its own fails, it would run a debugger for seconds, whose words hide the assertion's.

    Args:
        spin: leave it its own way to wait, quicker on a machine that does nothing else.
    """
    wait = {} if spin else {"OMP_WAIT_POLICY": "passive"}
    return {**wait, "GGML_NO_BACKTRACE": "1"}
