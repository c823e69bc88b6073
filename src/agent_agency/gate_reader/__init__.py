"""Read what ``agency.toml`` says of tools: every value checked, every wrong one refused with what mends it."""

from agent_agency.gate_reader.command import (
    LONGEST_TIMEOUT_S,
    SET_BY_THE_ARBITER,
    SHELLS,
    why_not_passed_on,
)
from agent_agency.gate_reader.gate import GATE_KEYS, LIMIT_RANGES, read_gate
from agent_agency.gate_reader.needs import problems_of_needs
from agent_agency.gate_reader.readable import read_readable, why_not_readable
from agent_agency.gate_reader.setup import SETUP_KEYS, read_setup
from agent_agency.gate_reader.values import did_you_mean

__all__ = [
    "GATE_KEYS",
    "LIMIT_RANGES",
    "LONGEST_TIMEOUT_S",
    "SETUP_KEYS",
    "SET_BY_THE_ARBITER",
    "SHELLS",
    "did_you_mean",
    "problems_of_needs",
    "read_gate",
    "read_readable",
    "read_setup",
    "why_not_passed_on",
    "why_not_readable",
]
