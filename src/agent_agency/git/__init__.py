"""The one door to git: plumbing only, and nothing of the user's configuration has a say in what is measured."""

from __future__ import annotations

from agent_agency.git.repository import Repository
from agent_agency.git.tree import TreeEntry

__all__ = ["Repository", "TreeEntry"]
