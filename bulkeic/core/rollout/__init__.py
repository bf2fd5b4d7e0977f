"""Rollouts as decisions: waves, gates, halts, windows and how many failures are allowed."""
