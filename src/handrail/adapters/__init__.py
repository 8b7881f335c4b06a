"""The ports' real ends: databases and files. One module each; they never import each other."""
