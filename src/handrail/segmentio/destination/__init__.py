"""The Segment destination `Jimo (Actions)`: its instances as documents, and what their mappings make of events."""
