"""A language model with random weights, made here in seconds: real shapes and sizes to test and measure with.

Its text means nothing. Its speed, memory, tokens, log-probabilities and grammar are those of a trained model of its
shape, so that engines can be tested and measured where no weights can be fetched.
"""
