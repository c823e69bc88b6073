"""Who said it: principals and their keys, signed statements, and how they are verified offline."""
