"""How the sandbox behaves: options, faults, quotas and destination rules."""
