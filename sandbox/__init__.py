"""A stand-in Integration Server over a made-up company, for demos and tests."""

from sandbox.app import Sandbox
from sandbox.choices import Choices
from sandbox.company import DEMO_PAIRS, Company
from sandbox.faults import EVIL_NAMES, Fault
from sandbox.state import Arrival, Generation

__all__ = ["DEMO_PAIRS", "EVIL_NAMES", "Arrival", "Choices", "Company", "Fault", "Generation", "Sandbox"]
