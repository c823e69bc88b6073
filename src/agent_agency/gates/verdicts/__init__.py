"""What the report of each kind of gate means: one file a kind, joined by ``gates.tool_verdict``."""
