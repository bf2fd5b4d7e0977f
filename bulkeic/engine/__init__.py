"""Jobs in, outcomes out: each lane at its own pace, all lanes at once."""
