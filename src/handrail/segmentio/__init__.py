"""Segment's protocol: wire forms, trigger language, mapping directives, the destination. Pure."""
