"""Stand-ins for the outside world, speaking its protocols for real."""
