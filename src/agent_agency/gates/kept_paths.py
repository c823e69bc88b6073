"""What a set-up step leaves at places of its folder: moved away to be kept, and put into each checkout as links."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent_agency.facts import display_path
from agent_agency.gates.checkout import Checkout, lies_inside
from agent_agency.git.tree import may_be_in_tree


def take_kept_paths(names: Sequence[str], root: Path, into: Path) -> Mapping[str, Path] | str:
    """Move files and folders of a set-up step's folder away.

    Returns:
        Where each lies now, below ``into``; or why one of them cannot be kept.
    """
    taken: dict[str, Path] = {}
    for name in names:
        shown, source, target = display_path(name), root / name, into / name
        if not may_be_in_tree(name) or not lies_inside(source, root) or source.is_symlink():
            return f"{shown}, which it is to leave, leads out of its folder"
        if not source.exists():
            return f"it left no {shown}"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, target)
        except (OSError, RecursionError) as error:
            return f"{shown}, which it left, cannot be kept: {_said(error)}"
        taken[name] = target
    return taken


def put_kept_paths(checkout: Checkout, keep: Mapping[str, Path]) -> str | None:
    """Put what a set-up step left at its places in a checkout; the reason where that cannot be.

    A folder becomes a folder of links, so that tools can keep a cache of their own in ``node_modules``. A link of it
    that leads out of it, as package managers make for the packages of a workspace, is made again as it was, and so
    leads to the checkout's own file.
    """
    for name, made in sorted(keep.items()):
        shown, target = display_path(name), checkout.root / name
        if not lies_inside(target.parent, checkout.root):
            return f"the folder of {shown}, which the set-up step made, leads out of the checkout"
        if os.path.lexists(target):
            return f"{shown} is a path of the commit itself, where what the set-up step made belongs"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if made.is_dir():
                _link_children(made, target, made)
            else:
                target.symlink_to(made)
        except OSError as error:
            return f"{shown}, which the set-up step made, cannot be put into the checkout: {_said(error)}"
    return None


def _link_children(made: Path, target: Path, kept: Path) -> None:
    target.mkdir()
    with os.scandir(made) as entries:
        for entry in entries:
            source, place = Path(entry.path), target / entry.name
            if entry.is_symlink() and _leads_out(source, kept):
                place.symlink_to(source.readlink())
            elif entry.name.startswith("@") and entry.is_dir(follow_symlinks=False) and made == kept:
                _link_children(source, place, kept)  # a scope of npm: its packages stand one level below
            else:
                place.symlink_to(source)


def _leads_out(link: Path, kept: Path) -> bool:
    """Whether a link is relative and leads out of what was kept."""
    text = os.fspath(link.readlink())
    goal = os.path.normpath(os.path.join(link.parent, text))  # noqa: PTH118  a Path would not take '..' away
    return not text.startswith("/") and not Path(goal).is_relative_to(kept)


def _said(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
