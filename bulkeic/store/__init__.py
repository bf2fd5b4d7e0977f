"""The run file: one SQLite database with the jobs of a run and their outcomes."""
