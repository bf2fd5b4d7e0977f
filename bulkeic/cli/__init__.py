"""The command line: flags to options to one call of a command."""
