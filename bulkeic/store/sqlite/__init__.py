"""SQLite files: opened, locked, checked and written."""
