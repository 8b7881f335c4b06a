"""Pictures of everything that Handrail shows, for eyes: `./dev screenshots`."""
