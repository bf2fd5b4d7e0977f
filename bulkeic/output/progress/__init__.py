"""How far a command is, on a terminal."""
