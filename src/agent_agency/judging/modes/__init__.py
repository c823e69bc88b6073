"""Modes of judging by need: whole answers, short ones, and verdicts read off the log-probabilities of labels."""
