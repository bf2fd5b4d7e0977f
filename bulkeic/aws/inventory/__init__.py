"""What other services know of a fleet: its accounts, Regions, tags and functions."""
