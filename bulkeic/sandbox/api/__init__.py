"""The operations of AWS's services, and the admin endpoints."""
