"""HTTP messages, AWS's error responses, and which operation a request means."""
