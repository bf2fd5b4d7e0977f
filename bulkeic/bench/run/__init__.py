"""Runs a load and collects its measurements."""
