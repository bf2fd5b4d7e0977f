"""Pure rules: data in, data out. No clock, no randomness, no files, no async."""
