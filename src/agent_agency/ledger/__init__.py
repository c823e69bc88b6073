"""The append-only, hash-chained record of rulings."""
