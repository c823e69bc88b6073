"""Small programs with a one-line bug, changes that mend it well or badly, and what the arbiter says of each."""
