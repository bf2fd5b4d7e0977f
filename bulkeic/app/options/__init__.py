"""The options of each command: one declaration each."""
