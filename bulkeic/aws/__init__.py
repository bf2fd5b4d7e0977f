"""Credentials, calls to Lambda and STS, and their failures. Only this package knows the SDK."""
