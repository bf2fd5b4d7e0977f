"""How the sandbox behaves: options, quotas, faults and destination rules."""
