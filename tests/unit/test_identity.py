from agent_agency.identity import random_id


def test_ids_are_32_hexadecimal_digits_and_never_the_same() -> None:
    made = {random_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(text) == 32 and set(text) <= set("0123456789abcdef") for text in made)
