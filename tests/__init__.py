"""Proofs: spec for the rules, one folder per room, journeys in a real browser."""
