"""``--where``: which targets a run changes, by what they have."""
