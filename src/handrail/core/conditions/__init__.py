"""Conditions: the questions that audiences, segments and triggers ask."""
