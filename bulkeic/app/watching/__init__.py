"""Watchers of a run: they see its events and its outcomes, and never delay it."""
