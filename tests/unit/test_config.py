import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.config import Config, LawLimits, read_config
from agent_agency.facts import Finding
from agent_agency.gate_settings import ConfiguredGate, GateKind, GateLimits, SetupStep


def read(text: str) -> Config:
    config = read_config(text.encode(), "agency.toml")
    assert isinstance(config, Config), config
    return config


def findings(text: str | bytes) -> tuple[Finding, ...]:
    read_ = read_config(text.encode() if isinstance(text, str) else text, "agency.toml")
    assert isinstance(read_, tuple)
    return read_


def told(text: str | bytes) -> list[tuple[str, int | None]]:
    return [(finding.rule, finding.place.line) for finding in findings(text)]


def test_an_empty_file_is_the_defaults() -> None:
    assert read("") == Config(LawLimits(), ())
    assert (LawLimits().waiver_max_days, LawLimits().max_delta_files, dict(LawLimits().quorum)) == (
        90,
        None,
        {1: 1, 2: 1, 3: 1},
    )


EVERY_SETTING = """
[law]
waiver_max_days = 30
max_delta_files = 0
max_delta_loc = 500
quorum = { 1 = 3, 2 = 2 }
budget_exclude = ["**/*.lock", "vendor"]
exclude_generated = true
governance_paths = ["infra/**"]
required_kinds = { 1 = ["tests", "coverage", "tests"], 3 = [] }

[setup]
argv = ["npm ci --ignore-scripts"]
shell = "sh"
lock_files = ["package.json", "package-lock.json"]
keep = ["node_modules"]
timeout_s = 300
network = true
environment = ["TZ"]

[tools]
readable = ["~/.cargo/bin", "/data/tools"]

[[gate]]
name = "unit-tests"
kind = "tests"
argv = ["pytest"]

[[gate]]
name = "types"
kind = "types"
argv = ["mypy", "src"]
threshold = { 3 = 4 }
report = "out/mypy.xml"
format = "mypy"
blocking = [2, 1, 1]
timeout_s = 90
network = true
environment = ["TZ"]
needs = ["unit-tests"]
ratchet = true
limits = { idle_s = 30, memory_mb = 512, processes = 20, file_mb = 5, written_mb = 50, output_mb = 2 }
when = ["src/**"]

[[gate]]
name = "speed"
kind = "performance"
argv = ["make bench"]
shell = "bash"
report = "bench.json"
format = "pytest-benchmark"

[gate.budget]
"test_total[long]" = 0.5

[[gate]]
name = "coverage"
kind = "coverage"
argv = ["make", "coverage"]
report = "coverage.json"
format = "coveragepy"
changed_threshold = { 1 = 100 }
"""


def test_every_setting_is_read() -> None:
    config = read(EVERY_SETTING)
    law = config.law
    assert (law.waiver_max_days, law.max_delta_files, law.max_delta_loc) == (30, 0, 500)
    assert dict(law.quorum) == {1: 3, 2: 2, 3: 1}
    assert (law.budget_exclude, law.exclude_generated) == (("**/*.lock", "vendor"), True)
    assert law.governance_paths == ("infra/**",)
    assert dict(law.required_kinds) == {1: (GateKind.TESTS, GateKind.COVERAGE)}
    assert config.setup == SetupStep(  # noqa: S604  a setting, nothing is run
        argv=("npm ci --ignore-scripts",),
        shell="sh",
        lock_files=("package.json", "package-lock.json"),
        keep=("node_modules",),
        timeout_s=300,
        network=True,
        environment=("TZ",),
        line=12,
    )
    assert config.readable == ("~/.cargo/bin", "/data/tools")


def test_every_setting_of_a_gate_is_read() -> None:
    config = read(EVERY_SETTING)
    assert config.gates == (
        ConfiguredGate("unit-tests", GateKind.TESTS, ("pytest",), line=24),
        ConfiguredGate(
            name="types",
            kind=GateKind.TYPES,
            argv=("mypy", "src"),
            report="out/mypy.xml",
            format="mypy",
            threshold={1: 0, 2: 0, 3: 4},
            blocking=(1, 2),
            timeout_s=90,
            network=True,
            environment=("TZ",),
            needs=("unit-tests",),
            ratchet=True,
            limits=GateLimits(idle_s=30, memory_mb=512, processes=20, file_mb=5, written_mb=50, output_mb=2),
            when=("src/**",),
            line=29,
        ),
        ConfiguredGate(  # noqa: S604  a setting, nothing is run
            name="speed",
            kind=GateKind.PERFORMANCE,
            argv=("make bench",),
            shell="bash",
            report="bench.json",
            format="pytest-benchmark",
            budget={"test_total[long]": 0.5},
            line=45,
        ),
        ConfiguredGate(
            name="coverage",
            kind=GateKind.COVERAGE,
            argv=("make", "coverage"),
            report="coverage.json",
            format="coveragepy",
            threshold={1: 90, 2: 80, 3: 70},
            changed_threshold={1: 100},
            line=56,
        ),
    )


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("[law]\nwaiver_max_day = 5\n", "config.unknown_key", 2),
        ("[laws]\n", "config.unknown_key", 1),
        ("law = 5\n", "config.wrong_value", 1),
        ("\n[law]\nwaiver_max_days = 0\n", "config.wrong_value", 3),
        ("[law]\nwaiver_max_days = true\n", "config.wrong_value", 2),
        ("[law]\nwaiver_max_days = 1.5\n", "config.wrong_value", 2),
        ("[law]\nmax_delta_loc = -1\n", "config.wrong_value", 2),
        ("[law]\nbudget_exclude = '*.lock'\n", "config.wrong_value", 2),
        ("[law]\nbudget_exclude = ['a', '']\n", "config.wrong_value", 2),
        ("[law]\ngovernance_paths = [1]\n", "config.wrong_value", 2),
        ("[law]\nexclude_generated = 1\n", "config.wrong_value", 2),
        ("[law]\nquorum = 2\n", "config.wrong_value", 2),
        ("[law]\nquorum = { 4 = 1 }\n", "config.unknown_key", 2),
        ("[law.quorum]\n1 = 0\n", "config.wrong_value", 2),
        ("law.quorum.1 = 'x'\n", "config.wrong_value", 1),
        ("[law]\ntrusted_keys = []\n", "config.unknown_key", 2),
        ("[trusted_keys]\nlead = 'x'\n", "config.unknown_key", 1),
        ("[law]\n\n[law.weaken]\nscope_boundary = true\n", "config.wrong_value", 3),
        ('[law]\nweaken = ["scope boundary"]\n', "config.wrong_value", 2),
        ("[law]\nweaken = ['*']\n", "config.wrong_value", 2),
        ("[law]\ncase_days = 0\n", "config.wrong_value", 2),
        ("[law]\ncondition_days = true\n", "config.wrong_value", 2),
        ("[law]\nappeal_days = '14'\n", "config.wrong_value", 2),
        ("[law]\nappeal_reviewers = [1, 3]\n", "config.wrong_value", 2),
        ("[law]\nappeal_reviewers = [1, 1, 1]\n", "config.wrong_value", 2),
        ("[law]\nappeal_reviewers = [0, 1, 2]\n", "config.wrong_value", 2),
        ("[gate]\nname = 'x'\n", "config.wrong_value", 1),
        ("gate = ['x']\n", "config.wrong_value", 1),
        ("[[gate]]\n", "config.gate_name", 1),
        ("[[gate]]\nname = 'Unit Tests'\n", "config.gate_name", 2),
        ("[[gate]]\nname = 'budget_limit'\n", "config.gate_name", 2),
        ("[[gate]]\nname = 'a'\n[[gate]]\nname = 'a'\n", "config.gate_name", 4),
        ("[[gate]]\nname = 'a'\nkind = 'lint'\nargv = ['x']\nneeds = ['b']\n", "config.wrong_value", 5),
        ("[[gate]]\nname = 'a'\nkind = 'lint'\nargv = ['x']\nneeds = ['a']\n", "config.wrong_value", 5),
        ("[[gate]]\nname = 'a'\nkind = 'lint'\nargv = ['x']\n[gate.limits]\nidle_s = 0\n", "config.wrong_value", 6),
        ("[[gate]]\nname = 'a'\nkind = 'lint'\nargv = ['x']\nlimits = { idle = 1 }\n", "config.wrong_value", 5),
        ("[[gate]]\nname = 'required_kinds'\n", "config.gate_name", 2),
        ("[law]\nrequired_kinds = ['tests']\n", "config.wrong_value", 2),
        ("[law]\nrequired_kinds = { 4 = ['tests'] }\n", "config.unknown_key", 2),
        ("[law]\nrequired_kinds = { 1 = ['test'] }\n", "config.wrong_value", 2),
        ("[law.required_kinds]\n1 = ['tests']\n2 = 'tests'\n", "config.wrong_value", 3),
        ("setup = 5\n", "config.wrong_value", 1),
        ("[setup]\nnetwork = true\n", "config.wrong_value", 1),
        ("[setup]\nargv = ['make']\nkeep = ['../x']\n", "config.wrong_value", 3),
        ("[setup]\nargv = ['make']\nlockfiles = ['x']\n", "config.unknown_key", 3),
        ("tools = []\n", "config.wrong_value", 1),
        ("[tools]\nreadable = ['~']\n", "config.wrong_value", 2),
        ("[tools]\nwritable = ['/x']\n", "config.unknown_key", 2),
        ("[[gate]]\nname = 'a'\nkind = 'tests'\nargv = ['t']\nblocking = [4]\n", "config.wrong_value", 5),
        ("[[gate]]\nname = 'tampering'\n", "config.gate_name", 2),
        ("note = '''\n[law]\nx = 1\n'''\n", "config.unknown_key", 1),
        ("[law]\nbudget_exclude = [\n  'waiver_max_days = 1', # [x]\n]\nodd = 1\n", "config.unknown_key", 5),
        ('[law]\n"odd key" = 1\n', "config.unknown_key", 2),
        ("[law\n", "config.toml.parse_failed", 1),
        ("a = 1\na = 2\n", "config.toml.parse_failed", 2),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_a_remedy(text: str, rule: str, line: int) -> None:
    assert (rule, line) in told(text)
    assert all(finding.remedy for finding in findings(text))


def test_a_near_miss_is_asked_for() -> None:
    (finding,) = findings("[law]\nWaiver-Max-Days = 5\n")

    assert finding.remedy == "Did you mean 'waiver_max_days'?"


@pytest.mark.parametrize("data", [b"\xff", b"a = " + b"[" * 30_000, b"#" * 300_000, b"\xef\xbb\xbf[law]\n", b"\0"])
def test_what_cannot_be_read_is_one_finding(data: bytes) -> None:
    assert len(told(data)) == 1


def test_all_mistakes_are_told_in_the_order_of_the_file() -> None:
    lines = [line for _, line in told("[law]\nzzz = 1\nwaiver_max_days = 0\n\n[[gate]]\nname = 1\n\n[aaa]\n")]

    assert lines == [2, 3, 6, 8]


def test_a_gate_that_is_refused_still_holds_its_name() -> None:
    twice = "[[gate]]\nname = 'a'\nkind = 'odd'\nargv = ['x']\n[[gate]]\nname = 'a'\nkind = 'lint'\nargv = ['x']\n"

    assert told(twice) == [("config.wrong_value", 3), ("config.gate_name", 6)]


def test_a_gate_that_is_refused_keeps_its_place_in_the_order() -> None:
    text = (
        "[[gate]]\nname = 'a'\nkind = 'odd'\nargv = ['x']\nneeds = ['b']\n"
        "[[gate]]\nname = 'b'\nkind = 'lint'\nargv = ['x']\nneeds = ['a', 'c', 1]\n"
    )

    assert told(text) == [("config.wrong_value", line) for line in (3, 5, 10, 10)]


@pytest.mark.parametrize("key", ["need", "shells", "rachet", "command"])
def test_a_key_that_no_gate_has_is_named_as_such(key: str) -> None:
    (finding,) = findings(f"[[gate]]\nname = 'a'\nkind = 'lint'\nargv = ['x']\n{key} = 1\n")

    assert (finding.rule, finding.message) == ("config.unknown_key", f"'{key}' is no setting of a gate")


INTERFACE = """\
# agency.toml, read from the base commit
[[gate]]
name = "tests"
kind = "tests"                      # tests, coverage, mutation, lint, types, security, contracts, performance, accessibility, custom
argv = ["python", "-m", "pytest", "-q", "--junitxml=report.xml"]
report = "report.xml"
format = "junit"                    # junit, cobertura, lcov, coveragepy, istanbul, sarif, mutation-elements, axe, …
blocking = [1, 2, 3]                # the risk tiers for which a failure blocks; elsewhere it advises
timeout_s = 120
network = false
"""  # noqa: E501  as the interface is published


def test_the_published_example_is_read_as_it_stands() -> None:
    (gate,) = read(INTERFACE).gates

    assert (gate.name, gate.kind, gate.report, gate.format) == ("tests", GateKind.TESTS, "report.xml", "junit")
    assert (gate.blocking, gate.timeout_s, gate.network, gate.line) == ((1, 2, 3), 120, False, 2)


@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    answer = read_config(text.encode("utf-8", "surrogatepass"), "agency.toml")

    assert isinstance(answer, Config) or answer


PIECES = [
    "[law]\n",
    "[[gate]]\n",
    "name = 'x'\n",
    "kind = 'lint'\n",
    "argv = ['x']\n",
    "quorum = {1 = 2}\n",
    "x = [\n",
    "]\n",
    '"""',
    "'",
    "# ]\n",
    "a.b = 1\n",
    "[setup]\n",
    "[tools]\n",
    "[gate.limits]\n",
    "idle_s = 1\n",
    "needs = ['x', 'y']\n",
    "name = ['x']\n",
    "readable = ['/x']\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_arrangement_of_pieces_is_answered(text: str) -> None:
    answer = read_config(text.encode(), "agency.toml")

    assert isinstance(answer, Config) or answer


def test_the_law_of_cases_and_appeals_is_read() -> None:
    text = '[law]\nweaken = ["scope.boundary"]\ncondition_days = 3\ncase_days = 9\nappeal_days = 2\n'
    config = read_config(f"{text}appeal_reviewers = [2, 3, 4]\n".encode(), "agency.toml")
    assert isinstance(config, Config)
    law = config.law
    assert (law.weaken, law.condition_days, law.case_days, law.appeal_days) == (("scope.boundary",), 3, 9, 2)
    assert law.appeal_reviewers == (2, 3, 4)
    assert (LawLimits().weaken, LawLimits().appeal_reviewers) == ((), (1, 3, 5))


def test_a_key_of_very_many_parts_is_refused_at_once() -> None:
    found = read_config(b"law" + b".a" * 100_000 + b" = 1\n", "agency.toml")
    assert not isinstance(found, Config)
    assert [finding.rule for finding in found] == ["config.toml.parse_failed"]
