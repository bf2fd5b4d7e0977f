"""From options to a run that is ready to start."""
