from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_agency.clock import SystemClock
from agent_agency.errors import AllowanceUsedUpError, EngineError, StoreError
from agent_agency.inference.engine_file import read_engines
from agent_agency.inference.engine_settings import EngineChoices
from agent_agency.inference.pool.rolled import RolledEngine
from agent_agency.inference.pool.rollout_book import RolloutBook
from agent_agency.inference.pool.rollout_limits import RolloutLimits
from agent_agency.inference.spend.spending import Spending, Stoppable
from agent_agency.store import rollouts
from agent_agency.store.rollouts import RolloutStep
from agent_agency.workflows.engine_pool import TASK, Engines, EngineServices
from agent_agency.workflows.learning_store import open_users_store
from agent_agency.workflows.spend_desk import SpendDesk
from support.counting_engine import a_request
from support.openai_server import OpenAiServer, serving

PRICES = 'price_per_million_prompt = 1\nprice_per_million_completion = 2\ncurrency = "EUR"\n'
REMOTE = '[engines.big]\nkind = "openai"\nurl = "https://models.example.com/v1"\nmodel = "m"\n'


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home"), "XDG_DATA_HOME": str(tmp_path / "data")}


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with serving(kind="vllm") as found:
        yield found


def _choices(text: str) -> EngineChoices:
    read = read_engines(text.encode(), "engines.toml")
    assert isinstance(read, EngineChoices), read
    return read


def _here(name: str, server: OpenAiServer, more: str = "") -> str:
    return f'[engines.{name}]\nkind = "openai"\nurl = "{server.url}"\nmodel = "tiny"\n{more}'


def test_a_server_of_another_machine_can_be_stopped_and_one_with_a_price_is_counted(
    environment: dict[str, str], server: OpenAiServer
) -> None:
    engines = Engines(_choices(REMOTE + _here("paid", server, PRICES) + _here("own", server)), environment)
    assert isinstance(engines.engine("big"), Stoppable)
    assert isinstance(engines.engine("paid"), Spending)
    assert not isinstance(engines.engine("own"), Stoppable | Spending)
    assert engines.engine("own") is engines.engine("own")
    assert engines.standings() == ()
    engines.close()


def test_where_there_are_caps_a_remote_engine_without_a_price_is_refused_and_one_of_this_machine_is_not(
    environment: dict[str, str], server: OpenAiServer
) -> None:
    caps = '[spend]\nmonth = 1\ncurrency = "EUR"\n'
    engines = Engines(_choices(REMOTE + _here("own", server) + caps), environment)
    engines.engine("own")
    for spec in ("big", "https://models.example.com/v1#m"):
        with pytest.raises(EngineError, match="has no price") as told:
            engines.engine(spec)
        assert told.value.stable_code == "engine.no_price"


def test_without_a_place_for_a_store_a_paid_engine_is_refused_and_a_free_one_is_asked(server: OpenAiServer) -> None:
    engines = Engines(_choices(REMOTE + _here("paid", server, PRICES)), {})
    engines.engine("big")
    with pytest.raises(StoreError, match="no home folder"):
        engines.engine("paid")


def test_a_paid_call_is_counted_for_its_task_and_stopped_for_all_at_once(
    environment: dict[str, str], server: OpenAiServer, tmp_path: Path
) -> None:
    text = _here("paid", server, PRICES) + '[spend]\nmonth = "0.003"\ncurrency = "EUR"\n'
    engines = Engines(_choices(text), {**environment, TASK: "a task"})
    engines.engine("paid").generate(a_request())
    (tmp_path / "engines.toml").write_text(text)
    desk = SpendDesk(tmp_path, {**environment, "AGENCY_ENGINES": str(tmp_path / "engines.toml")}, SystemClock())
    view = desk.view()
    assert [(one.task, one.spent.calls) for one in view.tasks] == [("a task", 1)]
    assert 0 < view.spent.settled < 100
    asked = len(server.requests)
    desk.stop("ann", "")
    with pytest.raises(AllowanceUsedUpError):
        engines.engine("paid").generate(a_request())
    desk.resume("ann", "")
    with pytest.raises(AllowanceUsedUpError, match="for the month") as told:  # noqa: PT012 - which call it is is not said
        for _ in range(100):
            engines.engine("paid").generate(a_request())
    assert told.value.stable_code == "spend.month_used_up"
    assert len(server.requests) - asked < 100
    engines.close()


def _rolling(
    environment: dict[str, str], server: OpenAiServer, stage: str, **limits: Any
) -> tuple[EngineChoices, RolloutBook]:
    book = RolloutBook(open_users_store(environment), SystemClock())
    rollout = book.begin("primary", "old", "new", RolloutLimits(**limits), "ann", "")
    with book.database.write() as connection:
        rollouts.move(connection, rollout.number, RolloutStep("enough", stage, rollout.at, "a test", ""))
    return _choices(_here("old", server) + _here("new", server) + '[roles]\nprimary = "old"\nfast = "old"\n'), book


@pytest.mark.parametrize(
    ("stage", "named"), [("shadow", "old"), ("all", "old|new"), ("finished", "new"), ("returned", "old")]
)
def test_a_role_is_answered_by_whoever_has_it_and_a_restart_goes_on_there(
    stage: str, named: str, environment: dict[str, str], server: OpenAiServer
) -> None:
    choices, _ = _rolling(environment, server, stage)
    engines = Engines(choices, environment)
    assert engines.engine(None).name == engines.engine("primary").name == named
    assert (engines.engine("fast").name, engines.engine("old").name) == ("old", "old")
    assert isinstance(engines.engine(None), RolledEngine) == (stage in {"shadow", "all"})
    engines.close()


def test_a_file_that_was_changed_since_says_who_has_the_role(environment: dict[str, str], server: OpenAiServer) -> None:
    _rolling(environment, server, "finished")
    changed = _choices(_here("old", server) + _here("third", server) + '[roles]\nprimary = "third"\n')
    assert Engines(changed, environment).engine(None).name == "third"
    gone = _choices(_here("old", server) + '[roles]\nprimary = "old"\n')
    assert Engines(gone, environment).engine(None).name == "old"


def test_a_command_makes_pairs_and_waits_for_them_before_it_ends(
    environment: dict[str, str], server: OpenAiServer
) -> None:
    choices, book = _rolling(environment, server, "shadow", shadow=1.0)
    engines = Engines(choices, environment)
    engine = engines.engine(None)
    for at in range(3):
        engine.generate(a_request(str(at)))
    engines.close()
    (told,) = book.told()
    assert (told.standing.pairs, told.standing.agreed) == (3, 3)


def test_who_serves_a_role_follows_what_becomes_of_it_while_requests_run(
    environment: dict[str, str], server: OpenAiServer
) -> None:
    choices = _choices(_here("old", server) + _here("new", server) + '[roles]\nprimary = "old"\n')
    now = iter(range(0, 1000, 2))
    engines = Engines(choices, environment, EngineServices(timer=lambda: float(next(now))), pinned=False)
    engine = engines.engine("primary")
    assert (engine.name, engine.generate(a_request()).text) == ("old", engines.engine("old").generate(a_request()).text)
    _, book = _rolling(environment, server, "all")
    assert (engine.name, engines.settings("primary").name) == ("old|new", "old")
    book.act("primary", "finish", "ann", "")
    assert (engine.name, engines.settings("primary").name) == ("new", "new")
    book.begin("primary", "old", "new", RolloutLimits(), "ann", "")
    assert engine.name == "old"
    engines.close()


def test_a_new_engine_that_cannot_be_opened_goes_back_and_costs_no_request(
    environment: dict[str, str], server: OpenAiServer
) -> None:
    _, book = _rolling(environment, server, "share")
    keyless = _here("new", server, 'api_key_env = "NO_SUCH_KEY"\n')
    choices = _choices(_here("old", server) + keyless + '[roles]\nprimary = "old"\n')
    for _ in range(10):
        engines = Engines(choices, environment)
        assert engines.engine(None).generate(a_request()).text
        engines.close()
    (told,) = book.told()
    assert (told.rollout.stage, told.steps[-1].who) == ("returned", "agency")


def test_where_the_store_cannot_be_asked_the_file_says_who_has_the_role(
    environment: dict[str, str], server: OpenAiServer, tmp_path: Path
) -> None:
    choices, _ = _rolling(environment, server, "all")
    for path in (tmp_path / "data" / "agency").iterdir():
        path.unlink()
    (tmp_path / "data" / "agency" / "agency.db").write_bytes(b"no database" * 100)
    assert Engines(choices, environment).engine(None).name == "old"
