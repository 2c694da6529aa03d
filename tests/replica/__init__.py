"""A KBS World on loopback: real HTTP, pages with the site's skeleton, and the truth of each of them."""

from .faults import Faults
from .server import Replica
from .world import World

__all__ = ["Faults", "Replica", "World"]
