"""Engines that answer a prompt: one protocol for a server behind a URL, recorded answers, and the offline learner."""
