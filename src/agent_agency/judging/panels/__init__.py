"""Panels of judges: many votes on one item, joined into one probability."""
