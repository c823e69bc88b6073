"""Run a command isolated, bounded and observed, at the best level that this machine proves to offer."""
