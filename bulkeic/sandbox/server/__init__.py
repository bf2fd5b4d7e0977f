"""Connections, and the way from a request to its reply."""
