"""What differs between servers: how each is asked, how each answers, and what each tells of itself."""
