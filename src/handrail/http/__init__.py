"""The doors: public (plain ASGI) and the API. Translates and leaves."""
