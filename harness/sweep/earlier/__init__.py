"""What the earlier harness left behind."""
