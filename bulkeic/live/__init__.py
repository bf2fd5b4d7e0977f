"""Serves a live page on this computer: HTTP, events, and who may ask. It knows nothing of runs."""
