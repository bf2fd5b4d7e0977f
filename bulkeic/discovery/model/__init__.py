"""What a discovery looks for, and what it makes of a function; pure."""
