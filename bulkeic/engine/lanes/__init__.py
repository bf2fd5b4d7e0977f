"""The lanes of a run: their queues, health, rate limiters and calls in flight."""
