"""Listens for connections and answers requests."""
