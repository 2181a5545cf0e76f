"""Generated small mapping problems, and the best mappings of each by complete enumeration."""
