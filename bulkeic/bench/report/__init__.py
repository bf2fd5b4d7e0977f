"""Shows the results of a benchmark as text and as an HTML page."""
