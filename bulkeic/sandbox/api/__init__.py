"""The operations of Lambda and STS, and the administration endpoints."""
