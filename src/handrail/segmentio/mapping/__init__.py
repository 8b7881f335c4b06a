"""Mappings: how an event becomes an action's payload, by Segment's thirteen directives and the root one."""
