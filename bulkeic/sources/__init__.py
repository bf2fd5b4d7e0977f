"""Files of rows, read as streams: CSV, JSON and JSON Lines, optionally gzipped, or stdin."""
