"""A double of the real Timeloop's programs: it replays recordings of real runs."""
