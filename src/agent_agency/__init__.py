"""Agent Agency: an arbiter for AI coding agents. Workers propose, the arbiter measures and rules."""

from agent_agency._version import __version__

__all__ = ["__version__"]
