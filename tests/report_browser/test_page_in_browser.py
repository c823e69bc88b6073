"""The HTML page in a real browser: it renders, breaks no rule of its own policy, and its filters work."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from agent_agency.arbitration.ruling import Ruling
from agent_agency.report import html
from support import rulings

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="NOT RUN: no Chromium on this machine; the page's look and script are unproven here"
)


def _browse(page: Path, *orders: str, fragment: str = "") -> subprocess.CompletedProcess[str]:
    profile = page.parent / "profile"
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars"]
    # The page is our own, and containers often lack what Chromium's sandbox needs.
    command = [str(BROWSER), "--headless", "--no-sandbox", *quiet, f"--user-data-dir={profile}"]
    address = page.as_uri() + fragment
    return subprocess.run([*command, *orders, address], capture_output=True, text=True, check=True, timeout=60)


def _written(folder: Path, text: str) -> Path:
    page = folder / "page.html"
    page.write_text(text, "utf-8")
    return page


def _probed(text: str, script: str) -> str:
    """The same page with a script of the test's own, and the policy widened for it."""
    widened, count = re.subn("script-src &#x27;.*?&#x27;", "script-src &#x27;unsafe-inline&#x27;", text)
    assert count == 1
    return widened.replace("</body>", f"<script>{script}</script></body>")


def _complaints(log: str) -> list[str]:
    return [line for line in log.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize("ruling", [rulings.rejected(), rulings.hostile()], ids=["ordinary", "hostile"])
def test_the_page_runs_without_a_complaint_and_no_stranger_runs_in_it(ruling: Ruling, tmp_path: Path) -> None:
    done = _browse(_written(tmp_path, html.render(ruling)), "--enable-logging=stderr", "--v=0", "--dump-dom")
    assert _complaints(done.stderr) == []
    assert len(re.findall(r"<script\b", done.stdout)) == 1
    assert "<img" not in done.stdout
    (form,) = re.findall(r"<form[^>]*>", done.stdout)
    assert "hidden" not in form


def test_a_broken_policy_would_be_noticed(tmp_path: Path) -> None:
    broken = html.render(rulings.rejected()).replace("</body>", "<script>alert(1)</script></body>")
    done = _browse(_written(tmp_path, broken), "--enable-logging=stderr", "--v=0", "--dump-dom")
    assert any("Content Security Policy" in line for line in _complaints(done.stderr))


def test_the_filters_leave_what_was_asked_for(tmp_path: Path) -> None:
    probe = """
      addEventListener("load", () => {
        const form = document.querySelector("form.filters");
        const told = [];
        const ask = (name, value) => {
          form.elements[name].value = value;
          form.dispatchEvent(new Event("input"));
          const left = [...document.querySelectorAll("[data-standing]")].filter((card) => !card.hidden);
          const rules = left.map((card) => card.querySelector(".rule").textContent);
          told.push(rules.join("+") + "=" + form.querySelector("output").textContent);
          form.elements[name].value = "";
        };
        ask("q", "DEFERS work");
        ask("standing", "decides");
        ask("severity", "minor");
        ask("gate", "budget_limit");
        ask("q", "no such words");
        document.title = told.join(" | ");
      });
    """
    done = _browse(_written(tmp_path, _probed(html.render(rulings.rejected()), probe)), "--dump-dom")
    (title,) = re.findall("<title>(.*?)</title>", done.stdout)
    assert title.split(" | ") == [
        "todo.in_code=1 of 3 shown",
        "budget.loc+scope.outside=2 of 3 shown",
        "todo.in_code=1 of 3 shown",
        "budget.loc=1 of 3 shown",
        "=0 of 3 shown",
    ]


def test_a_link_to_a_folded_ruling_opens_it(tmp_path: Path) -> None:
    page = _written(tmp_path, html.render_index([("one", rulings.approved()), ("two", rulings.rejected())]))
    done = _browse(page, "--dump-dom", fragment="#r2")
    assert len(re.findall(r'<details class="ruling" open', done.stdout)) == 2
    assert len(re.findall(r'<details class="ruling" open', _browse(page, "--dump-dom").stdout)) == 1


@pytest.mark.parametrize("name", ["rejected", "hostile"])
def test_the_page_is_no_wider_than_a_telephone(name: str, tmp_path: Path) -> None:
    probe = "addEventListener('load', () => parent.postMessage(document.documentElement.scrollWidth, '*'));"
    page = _written(tmp_path, _probed(html.render(rulings.every_ruling()[name]), probe))
    holder = tmp_path / "holder.html"
    listen = "<script>addEventListener('message', (event) => { document.title = `${event.data} wide`; });</script>"
    holder.write_text(f'{listen}<iframe src="{page.name}" width="360" height="700" frameborder="0"></iframe>', "utf-8")
    assert "<title>360 wide</title>" in _browse(holder, "--dump-dom", "--virtual-time-budget=3000").stdout


def test_the_page_is_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    page = _written(tmp_path, html.render(rulings.rejected()))
    _browse(page, f"--screenshot={picture}", "--window-size=1000,900")
    data = picture.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (1000, 900)
    assert len(data) > 20_000, "an empty page makes a picture of a few hundred bytes"
