"""The report of a run as text, Markdown, JSON and JUnit XML."""
