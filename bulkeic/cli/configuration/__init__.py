"""Reads configuration files and variables, and shows what they give."""
