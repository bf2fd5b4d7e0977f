"""Which accounts a command reaches, and with which credentials."""
