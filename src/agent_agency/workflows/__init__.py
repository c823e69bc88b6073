"""The only place where capabilities are joined."""
