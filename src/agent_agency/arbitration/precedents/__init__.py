"""Precedents: final rulings that people promoted to guide what the law leaves open; they never decide."""
