"""Finds functions over accounts and Regions, and writes them as a targets file."""
