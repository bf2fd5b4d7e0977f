"""Files that commands write: results, outcomes, targets."""
