"""Canaries: texts that try to steer a judge, and how many of them succeed."""
