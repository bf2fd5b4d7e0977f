"""What a run file keeps beside its jobs: sessions, waves, gates, workers and owners."""
