"""What the sandbox holds: functions and their configurations."""
