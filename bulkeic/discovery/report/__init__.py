"""The results of a discovery, for people and programs."""
