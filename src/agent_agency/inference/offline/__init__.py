"""The engine ``offline``: a nearest-neighbour learner over the demonstrations in its prompt, and no language model."""
