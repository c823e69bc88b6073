"""Waivers as signed acts: what was asked, who approved it, what ended it, and what of that counts for one change."""
