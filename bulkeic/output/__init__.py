"""What a command prints or writes: progress, logs, results, diffs, summaries."""
