"""CAWS documents: working spec, policy, waiver; profiles, scope, budget."""
