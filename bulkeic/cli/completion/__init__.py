"""Shell completion: scripts for each shell, and what a word can become."""
