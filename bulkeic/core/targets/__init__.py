"""Rows of a targets file and their parts: names, settings, templates, selection."""
