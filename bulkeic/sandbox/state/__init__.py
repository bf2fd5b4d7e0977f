"""The functions that exist and their configurations."""
