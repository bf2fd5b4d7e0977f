"""Answers of AWS, of the SDK and of the network as successes and failures."""
