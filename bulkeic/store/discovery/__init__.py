"""Discovery files: what `discover` has found and still has to read, in SQLite."""
