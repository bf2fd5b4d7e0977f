"""Run files: opened, bound to where they were made, selected from, continued."""
