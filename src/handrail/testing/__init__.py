"""In-memory adapters, a fixed clock, builders: shipped, for us and for extenders."""
