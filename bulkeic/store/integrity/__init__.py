"""Whether a run file still holds what was stored, and what can be saved of it."""
