"""Pure pacing rules: token buckets, adaptive rates, retries and forecasts."""
