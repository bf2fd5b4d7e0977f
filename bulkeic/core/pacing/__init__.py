"""Pure pacing rules: rates, token buckets, in-flight windows, retries and forecasts."""
