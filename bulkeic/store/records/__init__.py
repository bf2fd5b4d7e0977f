"""What a run file keeps about sessions, waves, gates and workers."""
