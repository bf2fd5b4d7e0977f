"""Text on a terminal: how much fits, what its colors mean, and what is shown live."""
