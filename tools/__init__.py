"""What developers run: the virtual environment, the generated pages, the pictures."""
