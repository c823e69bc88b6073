"""What git says differs between a base and a head."""
