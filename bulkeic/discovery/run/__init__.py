"""A discovery in progress."""
