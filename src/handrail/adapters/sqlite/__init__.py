"""One process, no server to run: the log by days, the state that follows it, and the control database.

`log` and `state` are APSW's alone; `control` is SQLAlchemy's alone. Two SQLite libraries never share a file.
"""
