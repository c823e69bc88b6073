"""Judge cards: what is known of one version of a judge, each figure with its interval and its number of items."""
