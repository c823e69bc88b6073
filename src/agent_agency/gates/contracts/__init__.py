"""Contracts: the documents that say what others may rely on, held at the head against the base."""
