"""Model files: what they say of themselves, whether they are whole, where they come from and where they are kept."""
