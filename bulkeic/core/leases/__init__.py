"""Leases: which worker process may call a lane, and until when. Time is an argument."""
