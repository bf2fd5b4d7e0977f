"""Files of rows as streams of rows: CSV, JSON, JSON Lines, each maybe gzipped, or stdin."""

from bulkeic.sources.file import Format, RowsFile

__all__ = ["Format", "RowsFile"]
