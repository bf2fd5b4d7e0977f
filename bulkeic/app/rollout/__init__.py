"""The application of a run wave by wave, and what decides whether it continues."""
