"""HTTP/1.1 to one origin: connections, exchanges and their errors. Knows nothing of AWS."""
