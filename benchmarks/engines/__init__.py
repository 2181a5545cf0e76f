"""Every architecture and layer through both engines: equal figures for the same mapping."""
