"""Cases: from what opened one to how it ended, folded from the entries of the ledger."""
