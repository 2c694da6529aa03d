"""A KBS World on loopback: real HTTP, pages with the site's skeleton, and the truth of each of them."""

from tests.replica.faults import Faults
from tests.replica.server import Replica
from tests.replica.world import World

__all__ = ["Faults", "Replica", "World"]
