"""Targets files as streams of rows: CSV, JSON, JSON Lines, each maybe gzipped, or stdin."""

from bulkeic.sources.file import Format, TargetsFile

__all__ = ["Format", "TargetsFile"]
