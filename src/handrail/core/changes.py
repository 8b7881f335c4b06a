"""Changes that the processes of one installation tell each other about: by a word or an id, never by what changed."""

from __future__ import annotations

CHANNEL = "handrail_changes"
"""Where they are told, on PostgreSQL. What is said is an environment's id (it was published to) or a word below."""
PEOPLE = "people"
"""Identity keys, privacy settings, retention or erasures changed, in some project."""
PROJECTS = "projects"
"""A project or an environment was made or changed."""
