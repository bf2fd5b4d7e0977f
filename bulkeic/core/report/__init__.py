"""What a run came to, for every form of its report: pure."""
