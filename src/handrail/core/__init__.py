"""What is true: the rules and documents of Handrail. Pure: no IO, no clock, no randomness, imports nothing of ours."""
