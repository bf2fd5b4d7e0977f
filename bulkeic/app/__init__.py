"""The only wiring: options → parts → a run."""
