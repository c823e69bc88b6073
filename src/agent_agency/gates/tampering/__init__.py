"""Gate ``tampering``: the change does not weaken what it is tested by, told by comparing base and head."""
