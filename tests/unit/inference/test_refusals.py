from __future__ import annotations

import ssl

import pytest

from agent_agency.inference.refusals import network_failure
from agent_agency.inference.spend.spending import FREE


@pytest.mark.parametrize(("begun", "free"), [(False, True), (True, False)])
def test_a_broken_tls_connection_costs_nothing_only_before_an_answer_began(begun: bool, free: bool) -> None:
    told = network_failure(ssl.SSLError(1, "bad record mac"), "models.example.com", begun=begun)
    assert (told.stable_code in FREE) == free
