"""Who calls: credentials, roles and STS, with the SDK or without it."""
