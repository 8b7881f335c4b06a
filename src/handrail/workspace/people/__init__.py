"""What members do with people: proving who they are, looking at them, bringing them in, letting them go."""
