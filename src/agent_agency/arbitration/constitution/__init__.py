"""The constitution: rules as data, checked when they are loaded and evaluated to three values over the facts."""
