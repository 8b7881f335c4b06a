"""FQL, the language of triggers: `strict` as Segment's browser runtime reads it, `full` as documented."""
