"""A double of the real Timeloop's programs, and recordings of what those wrote."""
