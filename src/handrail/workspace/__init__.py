"""What members do: authoring, publishing, people, segments, questions, privacy, jobs."""
