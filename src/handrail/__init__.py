"""Handrail: an open, self-hosted digital adoption platform."""
