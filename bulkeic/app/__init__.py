"""Wires the other packages together: options → parts → a run."""
