"""Counts of calls: in total, by lane, by second, by target."""
