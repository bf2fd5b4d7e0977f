"""``bulkeic docs``: the documentation of the installed version, without a network."""
