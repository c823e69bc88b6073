"""What makes judges better: labelled examples, prompt optimisation, experiments and trends."""
