"""What other services know of a fleet: its accounts, Regions, tags and functions.

These calls cost nothing of Lambda's quota.
"""
