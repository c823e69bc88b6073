"""Models that share one machine: which are loaded, who answers for a role, and which to choose."""
