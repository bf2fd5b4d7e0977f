"""``bulkeic bench``: measures an endpoint and this machine under a chosen load."""
