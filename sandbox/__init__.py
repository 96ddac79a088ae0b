"""A stand-in Integration Server over a made-up company, for demos and tests."""

from .app import Sandbox
from .choices import Choices
from .company import DEMO_PAIRS, Company
from .faults import EVIL_NAMES, Fault
from .state import Arrival, Generation

__all__ = ["DEMO_PAIRS", "EVIL_NAMES", "Arrival", "Choices", "Company", "Fault", "Generation", "Sandbox"]
