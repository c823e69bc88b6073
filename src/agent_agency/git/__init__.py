"""The one door to git: plumbing only, and nothing of the user's configuration has a say in what is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent_agency.git.repository import Repository
    from agent_agency.git.tree import TreeEntry

__all__ = ["Repository", "TreeEntry"]


def __getattr__(name: str) -> Any:
    """Import the door itself when it is asked for: a question before an edit needs only one process."""
    if name == "Repository":
        from agent_agency.git.repository import Repository

        return Repository
    if name == "TreeEntry":
        from agent_agency.git.tree import TreeEntry

        return TreeEntry
    raise AttributeError(name)
