"""Who calls: signatures, principals and temporary credentials."""
