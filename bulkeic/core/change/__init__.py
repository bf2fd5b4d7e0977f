"""What a target needs next: policies, snapshots, and the steps from one to the other."""
