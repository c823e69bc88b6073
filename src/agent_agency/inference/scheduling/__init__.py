"""Which request goes to an engine next, and when: a bounded queue, fairness, shared prefixes, and what is saved."""
