from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.gates.comments import MAX_LEXED_BYTES, MAX_LEXED_LINE, CommentReader, is_prose


def found(path: str, text: str | bytes) -> list[tuple[int, int, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    return [(item.line, item.column, item.text.strip()) for item in CommentReader().read(path, data).items]


def how(path: str, text: str | bytes) -> str:
    return CommentReader().read(path, text if isinstance(text, bytes) else text.encode()).how


def test_python_comments_are_told_from_strings_and_docstrings() -> None:
    text = '"""# doc"""\nx = "# text"  # one\ny = f"{x}# text"\nz = """\n# text\n"""\n    # two\n'
    assert found("a.py", text) == [(2, 15, "# one"), (7, 5, "# two")]
    assert how("a.py", text) == "tokenize"


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "a.js",
            'let u = "http://x"; // one\n/* two\n three */\n`// text`\n/\\/\\/re/\n',
            {"// one", "/* two", "three */"},
        ),
        ("a.ts", "const a: string = '// text'; // one\n", {"// one"}),
        ("a.c", '#define TODO 1\n#include <TODO.h>\nint a; /* one */ char *s = "/* text */";\n', {"/* one */"}),
        ("a.go", "// one\ns := `// text`\n", {"// one"}),
        ("a.rs", '/// one\nlet s = r#"// text"#;\n', {"/// one"}),
        ("b.rs", "/** one\n * two\n */\n//! three\nfn f() {}\n", {"/** one", "* two", "*/", "//! three"}),
        ("a.rb", "# one\ns = '# text'\n", {"# one"}),
        ("a.sql", "-- one\nSELECT '-- text';\n", {"-- one"}),
        ("a.html", "<!-- one -->\n<p># text</p>\n", {"<!-- one -->"}),
        ("a.yaml", "a: '# text'  # one\nb: text#text\n", {"# one"}),
        ("a.toml", "# one\na = '# text'\n", {"# one"}),
        ("Makefile", "# one\nall:\n\techo '# text'\n", {"# one"}),
        ("Dockerfile", "# one\nRUN true\n", {"# one"}),
        ("a.sh", "#!/bin/sh\n# one\necho '# text'\n", {"# one"}),
        ("a.css", "/* one */\na { b: '/* text */' }\n", {"/* one */"}),
        ("a.tex", "% one\n50\\% text\n", {"% one"}),
    ],
)
def test_other_languages_go_through_their_own_lexer(path: str, text: str, expected: set[str]) -> None:
    assert {item[2] for item in found(path, text)} == expected
    assert how(path, text) == "pygments"


@pytest.mark.parametrize("path", ["README.md", "docs/a.rst", "notes.txt", "LICENSE", "README", "data.csv"])
def test_prose_has_no_comments(path: str) -> None:
    assert is_prose(path)
    assert found(path, "# TODO: write\n<!-- TODO -->\n") == []


def test_a_file_of_no_known_kind_is_read_by_common_markers_and_says_so() -> None:
    text = "a # one\n// two\nhttp://host/text\nfoo#text\n"
    assert [item[2] for item in found("a.unknownkind", text)] == ["# one", "// two"]
    assert how("a.unknownkind", text) == "markers"


@pytest.mark.parametrize(
    "broken",
    [
        "x = (\n# one\n",
        "  x\n y\n# one\n",
        "x = '''\n'''; \x00\n# one\n",
        "(" * 5000 + "\n# one\n",
        "x = 'unterminated\n# one\n",
        "\x0c\n# one\n",
    ],
)
def test_python_that_does_not_tokenize_still_gives_its_comments(broken: str) -> None:
    assert "# one" in {item[2] for item in found("a.py", broken)}


@pytest.mark.parametrize("path", ["a.py", "a.js"])
def test_lines_are_counted_as_git_counts_them(path: str) -> None:
    mark = "#" if path == "a.py" else "//"
    text = f"\ufeff{mark} one\r\n\rx = 1\r{mark} two\n\x0c{mark} three\n\u2028\n{mark} four"
    numbers = {item[2]: item[0] for item in found(path, text)}
    assert {numbers[f"{mark} {word}"] for word in ("one",)} == {1}
    assert numbers[f"{mark} two"] == 2
    assert numbers[f"{mark} three"] == 3
    assert numbers[f"{mark} four"] == 5


def test_bytes_that_are_no_text_do_not_stop_the_reading() -> None:
    assert found("a.py", b"x = b'\xff\xfe'  # one \xff\n") == [(1, 12, "# one \ufffd")]


@pytest.mark.parametrize(
    "text", ["x = 1\n" * (MAX_LEXED_BYTES // 6) + "y = 2 # one\n", "a" * (MAX_LEXED_LINE + 1) + "\n# one\n"]
)
def test_a_huge_or_minified_file_is_read_by_markers(text: str) -> None:
    assert how("a.py", text) == "markers"
    assert found("a.py", text)[-1][2] == "# one"


@given(st.binary(max_size=300), st.sampled_from(["a.py", "a.js", "a.c", "a.html", "a.yaml", "a", "a.php"]))
def test_no_content_breaks_the_reader(data: bytes, path: str) -> None:
    comments = CommentReader().read(path, data)
    assert all(1 <= item.line <= data.count(b"\n") + 1 and item.column >= 1 for item in comments.items)


@given(st.lists(st.sampled_from(["x = 1", "# note", "s = '# no'", "", "  # in", "def f():", "(", "'''"]), max_size=12))
def test_every_python_comment_that_is_found_stands_where_it_is_said_to_stand(lines: list[str]) -> None:
    for item in CommentReader().read("a.py", "\n".join(lines).encode()).items:
        assert lines[item.line - 1][item.column - 1 :].startswith(item.text.rstrip("\n"))


@pytest.mark.parametrize(("name", "unit"), [("a.xml", "<!--"), ("a.lua", "[[=")])
def test_a_file_written_to_keep_a_lexer_busy_is_read_by_markers(name: str, unit: str) -> None:
    text = "# TODO this\n" + f"{unit * 4000}\n" * 20
    reader = CommentReader(time_s=0.2)
    begun = time.monotonic()
    comments = reader.read(name, text.encode())
    assert time.monotonic() - begun < 60  # of hours
    assert (comments.how, comments.items[0].text) == ("markers", "# TODO this")
    assert reader.read("b.js", b"// TODO").how == "markers"
