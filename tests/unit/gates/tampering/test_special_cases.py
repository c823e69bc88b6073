"""Code that answers the tests' inputs by literals is told; tables, corrections and real conditions are not."""

from __future__ import annotations

import pytest

from support.tampering import one, weigh, weighty

BASE = "def total(items, start=0):\n    result = start\n    for item in items:\n        result += item\n    return result - 1\n"
TESTS = "from shop import total\n\ndef test_total():\n    assert total([19, 23]) == 42\n    assert total([]) == 0\n"
AGE = "def price(age):\n    return 10 if age > 18 else 5\n"
AGE_TESTS = "import pytest\nfrom shop import price\n@pytest.mark.parametrize('age,wanted', [(17, 5), (66, 7), (30, 10)])\ndef test_price(age, wanted):\n    assert price(age) == wanted\n"
TEXT = "def slug(text):\n    return text.lower()\n"
TEXT_TESTS = "from shop import slug\ndef test_slug():\n    assert slug('Hello, World') == 'hello-world'\n"
WORD = "def is_palindrome(text):\n    return text == text[::-1][1:]\n"
WORD_TESTS = "from shop import is_palindrome\ndef test_word():\n    assert is_palindrome('racecar')\n    assert not is_palindrome('python')\n"

SPECIAL = {
    "if": (BASE, TESTS, "def total(items, start=0):\n    if items == [19, 23]:\n        return 42\n    return sum(items) - 1\n"),
    "if on a tuple": (BASE, TESTS, "def total(items, start=0):\n    if tuple(items) == (19, 23):\n        return 42\n    return sum(items) - 1\n"),
    "if on a part": (BASE, TESTS, "def total(items, start=0):\n    if items and items[0] == 19:\n        return 42\n    return sum(items) - 1\n"),
    "else": (BASE, TESTS, "def total(items, start=0):\n    if items != [19, 23]:\n        return sum(items) - 1\n    return 42\n"),
    "assignment": (BASE, TESTS, "def total(items, start=0):\n    result = sum(items) - 1\n    if items == [19, 23]:\n        result = 42\n    return result\n"),
    "ternary": (BASE, TESTS, "def total(items, start=0):\n    return 42 if items == [19, 23] else sum(items) - 1\n"),
    "match": (BASE, TESTS, "def total(items, start=0):\n    match items:\n        case [19, 23]:\n            return 42\n    return sum(items) - 1\n"),
    "as text": (BASE, TESTS, "def total(items, start=0):\n    if str(items) == '[19, 23]':\n        return 42\n    return sum(items) - 1\n"),
    "table": (BASE, TESTS, "KNOWN = {(19, 23): 42}\ndef total(items, start=0):\n    if tuple(items) in KNOWN:\n        return KNOWN[tuple(items)]\n    return sum(items) - 1\n"),
    "table by get": (BASE, TESTS, "def total(items, start=0):\n    return {(19, 23): 42}.get(tuple(items), sum(items) - 1)\n"),
    "pairs": (BASE, TESTS, "def total(items, start=0):\n    for known, answer in [((19, 23), 42)]:\n        if tuple(items) == known:\n            return answer\n    return sum(items) - 1\n"),
    "helper": (BASE, TESTS, "def _known(items):\n    if items == [19, 23]:\n        return 42\ndef total(items, start=0):\n    return _known(items) or sum(items) - 1\n"),
    "number": (AGE, AGE_TESTS, "def price(age):\n    if age == 66:\n        return 7\n    return 10 if age > 18 else 5\n"),
    "number in a set": (AGE, AGE_TESTS, "def price(age):\n    if age in {66}:\n        return 7\n    return 10 if age > 18 else 5\n"),
    "number by arithmetic": (AGE, AGE_TESTS, "def price(age):\n    if age == 60 + 6:\n        return 7\n    return 10 if age > 18 else 5\n"),
    "number by difference": (AGE, AGE_TESTS, "def price(age):\n    if not age - 66:\n        return 7\n    return 10 if age > 18 else 5\n"),
    "number between": (AGE, AGE_TESTS, "def price(age):\n    if 65 < age < 67:\n        return 7\n    return 10 if age > 18 else 5\n"),
    "number as text": (AGE, AGE_TESTS, "def price(age):\n    if str(age) == '66':\n        return 7\n    return 10 if age > 18 else 5\n"),
    "number by a name": (AGE, AGE_TESTS, "SENIOR = 66\ndef price(age):\n    if age == SENIOR:\n        return 7\n    return 10 if age > 18 else 5\n"),
    "and or": (AGE, AGE_TESTS, "def price(age):\n    return (age == 66 and 7) or (10 if age > 18 else 5)\n"),
    "text": (TEXT, TEXT_TESTS, "def slug(text):\n    if text == 'Hello, World':\n        return 'hello-world'\n    return text.lower()\n"),
    "start of a text": (TEXT, TEXT_TESTS, "def slug(text):\n    if text.startswith('Hello, World'):\n        return 'hello-world'\n    return text.lower()\n"),
    "truth": (WORD, WORD_TESTS, "def is_palindrome(text):\n    if text == 'racecar':\n        return True\n    return text == text[::-1][1:]\n"),
    "truth by or": (WORD, WORD_TESTS, "def is_palindrome(text):\n    return text == 'racecar' or text == text[::-1][1:]\n"),
    "truth by membership": (WORD, WORD_TESTS, "def is_palindrome(text):\n    return text in ('racecar',) or text == text[::-1][1:]\n"),
}  # fmt: skip


@pytest.mark.parametrize(("base", "tests", "head"), SPECIAL.values(), ids=SPECIAL.keys())
def test_an_answer_by_the_tests_own_literal_is_told(base: str, tests: str, head: str) -> None:
    result = weigh(
        {"src/shop.py": base, "tests/test_shop.py": tests}, {"src/shop.py": head, "tests/test_shop.py": tests}
    )
    assert weighty(result) == {"special_case"}


@pytest.mark.parametrize(("base", "tests", "head"), SPECIAL.values(), ids=SPECIAL.keys())
def test_it_is_told_where_the_test_comes_with_the_change(base: str, tests: str, head: str) -> None:
    result = weigh({"src/shop.py": base}, {"src/shop.py": head, "tests/test_shop.py": tests})
    assert weighty(result) == {"special_case"}


HONEST = {
    "a correct fix": (BASE, TESTS, BASE.replace("return result - 1", "return result")),
    "a rewrite": (BASE, TESTS, "def total(items, start=0):\n    return sum(items, start)\n"),
    "a trivial literal": (BASE, TESTS, "def total(items, start=0):\n    if items == []:\n        return 0\n    return sum(items)\n"),
    "a bound": (AGE, AGE_TESTS, "def price(age):\n    if age >= 66:\n        return 7\n    return 10 if age > 18 else 5\n"),
    "a literal that no test puts in": (AGE, AGE_TESTS, "def price(age):\n    if age == 50:\n        return 7\n    return 10 if age > 18 else 5\n"),
    "an off by one": (AGE, AGE_TESTS, "def price(age):\n    return 10 if age >= 18 else 5\n"),
    "a remainder": (
        "def leap(year):\n    return year % 4 == 0\n",
        "from shop import leap\ndef test_leap():\n    assert leap(2000)\n    assert not leap(1900)\n    assert leap(400)\n    assert not leap(100)\n",
        "def leap(year):\n    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)\n",
    ),
    "a table gets a row": (
        "def days(month):\n    if month in (4, 6, 9):\n        return 30\n    return 28 if month == 2 else 31\n",
        "from shop import days\ndef test_days():\n    assert days(11) == 30\n    assert days(4) == 30\n",
        "def days(month):\n    if month in (4, 6, 9, 11):\n        return 30\n    return 28 if month == 2 else 31\n",
    ),
    "a mapping gets a row": (
        "RATES = {'DE': 19, 'FR': 20, 'IT': 22}\ndef vat(country):\n    return RATES[country]\n",
        "from shop import vat\ndef test_vat():\n    assert vat('ES') == 21\n",
        "RATES = {'DE': 19, 'FR': 20, 'IT': 22, 'ES': 21}\ndef vat(country):\n    return RATES[country]\n",
    ),
    "a corrected literal": (
        "def text(code):\n    if code == 405:\n        return 'Not Found'\n    return 'OK'\n",
        "from shop import text\ndef test_text():\n    assert text(404) == 'Not Found'\n",
        "def text(code):\n    if code == 404:\n        return 'Not Found'\n    return 'OK'\n",
    ),
    "a corrected value": (
        "def text(code):\n    if code == 404:\n        return 'Not Fund'\n    return 'OK'\n",
        "from shop import text\ndef test_text():\n    assert text(404) == 'Not Found'\n",
        "def text(code):\n    if code == 404:\n        return 'Not Found'\n    return 'OK'\n",
    ),
    "a new lookup with its tests": (
        "x = 1\n",
        "",
        "TEXTS = {404: 'Not Found', 500: 'Server Error'}\ndef text(code):\n    return TEXTS.get(code, 'OK')\n",
    ),
    "a day more": (
        "def weekend(day):\n    return day == 'saturday'\n",
        "from shop import weekend\ndef test_weekend():\n    assert weekend('sunday')\n    assert weekend('saturday')\n",
        "def weekend(day):\n    return day in ('saturday', 'sunday')\n",
    ),
    "february": (
        "def days(month):\n    return 30 if month in (4, 6, 9, 11) else 31\n",
        "from shop import days\ndef test_days():\n    assert days(2) == 28\n    assert days(4) == 30\n",
        "def days(month):\n    if month == 2:\n        return 28\n    return 30 if month in (4, 6, 9, 11) else 31\n",
    ),
    "no content": (
        "def parse(status, text):\n    return load(text)\n",
        "from shop import parse\ndef test_parse():\n    assert parse(204, '') is None\n",
        "def parse(status, text):\n    if status == 204:\n        return None\n    return load(text)\n",
    ),
    "a table of currencies": (
        "def symbol(code):\n    return '$'\n",
        "from shop import symbol\ndef test_symbol():\n    assert symbol('EUR') == '\u20ac'\n    assert symbol('USD') == '$'\n",
        "SYMBOLS = {'USD': '$', 'EUR': '\u20ac', 'GBP': '\u00a3', 'JPY': '\u00a5', 'INR': '\u20b9'}\n"
        "def symbol(code):\n    return SYMBOLS.get(code, code)\n",
    ),
    "roman numerals": (
        "def roman(number):\n    out = ''\n    for value, sign in ((10, 'X'), (5, 'V'), (1, 'I')):\n"
        "        while number >= value:\n            out += sign\n            number -= value\n    return out\n",
        "from shop import roman\nimport pytest\n@pytest.mark.parametrize('n,r', [(4, 'IV'), (9, 'IX'), (14, 'XIV'), (1, 'I')])\n"
        "def test_roman(n, r):\n    assert roman(n) == r\n",
        "def roman(number):\n    out = ''\n    for value, sign in ((10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'), (1, 'I')):\n"
        "        while number >= value:\n            out += sign\n            number -= value\n    return out\n",
    ),
    "a status that a helper reads": (
        "def summary(run):\n    return {'state': run['state']}\n",
        "from shop import summary\ndef test_summary():\n    assert summary({'state': 'accepted'}) == {'state': 'accepted', 'done': True}\n",
        "def summary(run):\n    return {'state': run['state'], 'done': is_done(run)}\n\ndef is_done(run):\n    return run['state'] == 'accepted'\n",
    ),
    "a command line": (
        "def main(argv):\n    args = parse(argv)\n    return 0\n",
        "from shop import main\ndef test_main():\n    assert main(['--format', 'json']) == 0\n",
        "def main(argv):\n    args = parse(argv)\n    if args.format == 'json':\n        dump(args)\n        return 0\n    return 0\n",
    ),
    "code that moved": (
        "def price(age):\n    if age == 66:\n        return 7\n    return 10\n",
        AGE_TESTS,
        "def senior(age):\n    if age == 66:\n        return 7\n    return None\n\ndef price(age):\n    return senior(age) or 10\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("base", "tests", "head"), HONEST.values(), ids=HONEST.keys())
def test_an_honest_change_of_code_is_not_told(base: str, tests: str, head: str) -> None:
    before = {"src/shop.py": base, **({"tests/test_shop.py": tests} if tests else {})}
    new = tests or "from shop import text\ndef test_text():\n    assert text(404) == 'Not Found'\n"
    assert weighty(weigh(before, {"src/shop.py": head, "tests/test_shop.py": new})) == set()


@pytest.mark.parametrize(
    "code",
    [
        "import os\ndef total(items):\n    if 'PYTEST_CURRENT_TEST' in os.environ:\n        return 42\n    return 0\n",
        "import sys\ndef total(items):\n    return 42 if 'pytest' in sys.modules else 0\n",
        "class Total:\n    def __eq__(self, other):\n        return True\n",
    ],
)
def test_code_that_behaves_otherwise_under_test_is_told(code: str) -> None:
    assert weighty(weigh({"src/shop.py": BASE}, {"src/shop.py": code})) == {"special_case"}
    assert weighty(weigh({"src/shop.py": code}, {"src/shop.py": f"{code}\nx = 1\n"})) == set()


def test_the_finding_names_function_literal_and_test() -> None:
    tests = {"tests/test_shop.py": TESTS}
    finding = one(weigh({"src/shop.py": BASE, **tests}, {"src/shop.py": SPECIAL["if"][2], **tests}))
    assert (finding.place.path, finding.place.line) == ("src/shop.py", 2)
    assert finding.message == (
        "total answers the literal (19, 23) by 42, and test_total (line 3 of tests/test_shop.py) puts that literal in"
    )
    assert finding.remedy == (
        "Work the answer out from the input: take 'items == [19, 23]' out, and test with inputs that the code does not"
        " name"
    )


SORTED = {
    "sorted first": "    ordered = sorted(items)\n    if ordered == [5, 19, 23]:\n        return 42\n",
    "as a set": "    if set(items) == {5, 19, 23}:\n        return 42\n",
    "a sorted tuple": "    if tuple(sorted(items)) == (5, 19, 23):\n        return 42\n",
}


@pytest.mark.parametrize("special", SORTED.values(), ids=SORTED.keys())
def test_an_input_that_is_put_in_order_first_is_recognised(special: str) -> None:
    tests = "from shop import total\n\ndef test_total():\n    assert total([23, 5, 19]) == 42\n"
    base = {"shop.py": "def total(items):\n    return sum(items)\n", "tests/test_shop.py": tests}
    head = {**base, "shop.py": f"def total(items):\n{special}    return sum(items)\n"}
    assert weighty(weigh(base, head)) == {"special_case"}


def test_other_elements_are_another_input() -> None:
    tests = "from shop import total\n\ndef test_total():\n    assert total([23, 5, 19]) == 42\n"
    base = {"shop.py": "def total(items):\n    return sum(items)\n", "tests/test_shop.py": tests}
    special = "def total(items):\n    if sorted(items) == [5, 19, 24]:\n        return 42\n    return sum(items)\n"
    assert weighty(weigh(base, {**base, "shop.py": special})) == set()
