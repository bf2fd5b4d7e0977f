"""The operations of Lambda and STS, and the admin endpoints."""
