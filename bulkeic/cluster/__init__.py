"""Runs over several worker processes: one command decides and records, workers make the calls."""
