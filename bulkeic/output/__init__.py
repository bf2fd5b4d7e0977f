"""Everything that people and programs read: progress, logs, results, diffs, summaries."""
