"""Predicates: Python functions that judge, in a process of their own."""

from iirl_core.norm.predicate.predicate import Predicate as Predicate
from iirl_core.norm.predicate.predicate import predicate_of as predicate_of
