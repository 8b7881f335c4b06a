"""The hot public doors: thin ASGI, msgspec at the edge."""
