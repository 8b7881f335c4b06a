"""Schema changes of the control database, in order. They expand first and contract a release later."""
