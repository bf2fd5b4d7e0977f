"""Reads rows from files or stdin as streams: CSV, JSON and JSON Lines, optionally gzipped."""
