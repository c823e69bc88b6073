"""Folders of ``PATH`` that lie in the user's own working tree and hold files of the change.

Some environments put a folder of the repository on ``PATH``. What is tracked there is part of what is judged: a change
would supply the tool that judges it. A virtual environment that nobody committed stays.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path


def without_own_programs(
    variables: Mapping[str, str], working_tree: Path | None, tracked: Iterable[str]
) -> Mapping[str, str]:
    """The variables, with those folders left out of ``PATH``.

    ``tracked`` are the paths of the head's files; ``working_tree`` is ``None`` for a bare repository.
    """
    if working_tree is None or "PATH" not in variables:
        return variables
    root = Path(os.path.realpath(working_tree))
    own = {path.rpartition("/")[0] for path in tracked}

    def is_own(entry: str) -> bool:
        place = Path(os.path.realpath(entry))
        return place.is_relative_to(root) and ("" if place == root else place.relative_to(root).as_posix()) in own

    entries = [entry for entry in variables["PATH"].split(os.pathsep) if not is_own(entry)]
    return {**variables, "PATH": os.pathsep.join(entries)}
