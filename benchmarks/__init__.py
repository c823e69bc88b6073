"""Figures: what the commands cost, each beside its budget. Run them with ``make bench``."""
