"""What a run shows of itself in numbers, for those who monitor it."""
