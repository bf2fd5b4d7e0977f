"""Foreign texts, made safe to show: secrets are masked, lengths bounded."""
