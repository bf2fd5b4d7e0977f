"""What was called, how often and when."""
