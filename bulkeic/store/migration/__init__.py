"""Migration of run files that an older bulkeic made."""
