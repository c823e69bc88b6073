"""One ruling in every form that people and tools read."""
