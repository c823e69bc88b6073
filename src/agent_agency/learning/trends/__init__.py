"""How a measured quality moves over time."""
