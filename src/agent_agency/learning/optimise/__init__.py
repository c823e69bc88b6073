"""Better prompts by search over labelled examples."""
