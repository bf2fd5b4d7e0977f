"""Calls of AWS's services other than Lambda and STS, through the SDK.

These calls cost nothing of Lambda's quota.
"""
