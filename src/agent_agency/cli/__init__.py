"""What people type: parse, call one workflow, render; no decisions."""
