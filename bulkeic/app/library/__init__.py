"""The library: the commands, called from another program on its own event loop."""
