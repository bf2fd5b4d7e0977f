"""Credentials, calls to Lambda and STS, and the meaning of their failures. Only this package knows the SDK."""
