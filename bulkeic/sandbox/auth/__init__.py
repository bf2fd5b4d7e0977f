"""Who sends a request: signatures, principals and temporary credentials."""
