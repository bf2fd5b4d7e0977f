"""The worker: hosts the engine for a command in another process."""
