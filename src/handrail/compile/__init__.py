"""Conditions turned into predicates, residual trees and SQL. Pure."""
