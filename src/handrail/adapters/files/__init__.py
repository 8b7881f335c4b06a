"""Documents as YAML files."""
