"""Options that configuration files and variables give."""
