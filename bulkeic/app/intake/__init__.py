"""Where the targets of a run come from, and how they get into a run file."""
