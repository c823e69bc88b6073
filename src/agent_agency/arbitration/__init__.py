"""From facts to a verdict: a pure function of what was measured and the law in force."""
