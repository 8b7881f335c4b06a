"""Tests that break things under the server: kills, failing syncs. Each asserts that its fault happened."""
