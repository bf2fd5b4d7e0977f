"""The command's end: starts workers, grants them lanes, and receives what they have done."""
