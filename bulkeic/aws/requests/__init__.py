"""Requests: their templates, their signatures, and the SDK's samples of them."""
