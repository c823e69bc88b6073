"""The page of a validation run: what came out, how sure it is, how it was searched, what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from agent_agency.report.html.markup import Markup, el, join, prose
from agent_agency.report.html.shell import document as page
from agent_agency.report.optimise_html import figures
from agent_agency.report.optimise_told import mark, percent, points, probability, summary

_READING = (
    "Baseline is the shipped prompt with hand-picked demonstrations, as many as the optimised prompt may hold. Each "
    "judge's two prompts answered the same sealed examples, which no search had seen. Figures are balanced accuracy: "
    "the share of right answers with every verdict counting alike, an abstention being wrong; always the same answer "
    "gets a third. Intervals resample whole programs (bootstrap, 95 %), as examples made from one program are not "
    "independent. The p-value is that of a two-sided sign-flip test over programs, corrected by Holm over the judges. "
    "Nothing was activated."
)
_CURVES = (
    "Large dots are scores on all development examples, small ones on a draw of them; the line is the best on all so "
    "far. The score is balanced accuracy less what guards against length and cost take away."
)


def render(document: Mapping[str, Any]) -> str:
    """The page of a validation run.

    Args:
        document: what `agency optimize validate --json` writes.
    """
    judges: Mapping[str, Mapping[str, Any]] = document["judges"]
    parts = (
        ("figures", "Figures", _table(judges)),
        ("gains", "Gain on the sealed test, in points", figures.gains(judges)),
        ("shares", "Balanced accuracy before and after", figures.shares(judges)),
        ("curves", "Best score by trial", _curves(judges)),
        ("prompts", "What was found", [_judge(name, one) for name, one in judges.items()]),
        ("how", "How it was done", _how(document)),
    )
    links = [el("a", title, href=f"#{key}") for key, title, _ in parts]
    sections = [el("section", el("h2", title), body, id=key, class_="part") for key, title, body in parts]
    main = el(
        "main", _head(document), el("nav", links, class_="toc", aria_label="Parts of the report"), sections, id="main"
    )
    style = resources.files("agent_agency.report.optimise_html").joinpath("style.css").read_text("utf-8")
    return page(f"Optimisation on {document['engine']}", main, style)


def _head(document: Mapping[str, Any]) -> Markup:
    warned = mark(document)
    return el(
        "header",
        el("p", f"Validation run, engine {document['engine']}", class_="eyebrow"),
        el("h1", "Do optimised prompts judge better?"),
        el("p", summary(document), class_="lead"),
        el("p", warned, class_="mark") if warned else None,
        class_="head",
    )


def _table(judges: Mapping[str, Mapping[str, Any]]) -> Markup:
    titles = ("Judge", "Baseline", "Optimised", "Gain", "95 % interval", "p", "p (Holm)", "n", "")
    head = el("tr", [el("th", title, scope="col") for title in titles])
    rows = [_row(name, one) for name, one in judges.items()]
    table = el("table", el("thead", head), el("tbody", rows))
    return join(el("div", table, class_="wide"), el("p", _READING, class_="quiet subhead"))


def _row(name: str, one: Mapping[str, Any]) -> Markup:
    low, high = one["interval"]
    word, kind = _outcome(one)
    return el(
        "tr",
        el("th", name, scope="row"),
        el("td", percent(one["baseline"]), class_="num"),
        el("td", percent(one["optimised"]), class_="num"),
        el("td", points(one["gain"]), class_="num"),
        el("td", f"{points(low)} to {points(high)}", class_="num"),
        el("td", probability(one["p_value"]), class_="num"),
        el("td", probability(one["p_holm"]), class_="num"),
        el("td", str(one["n_test"]), class_="num"),
        el("td", el("span", word, class_=f"pill {kind}")),
    )


def _outcome(one: Mapping[str, Any]) -> tuple[str, str]:
    if one["status"] == "no_op":
        return "no_op", "o-warn"
    if not one["significant"]:
        return "not sure", "o-warn"
    return ("better", "o-pass") if one["gain"] > 0 else ("worse", "o-fail")


def _curves(judges: Mapping[str, Mapping[str, Any]]) -> Markup:
    drawn = [
        el("div", el("p", name, class_="subhead"), figures.curve(name, one["trials"]))
        for name, one in judges.items()
        if one["trials"]
    ]
    return join(el("p", _CURVES, class_="quiet"), drawn)


def _judge(name: str, one: Mapping[str, Any]) -> Markup:
    dev, plain = one["dev"], one["accuracy"]
    rows = (
        ("Registered as", f"version {one['version']}" if one["version"] else "not registered: nothing changed"),
        ("Demonstrations", f"{one['demonstrations']['baseline']} before, {one['demonstrations']['optimised']} after"),
        ("On dev", f"{percent(dev['baseline'])} to {percent(dev['optimised'])} of {dev['n']}"),
        ("Plain accuracy", f"{percent(plain['baseline'])} to {percent(plain['optimised'])}"),
        ("Always the commonest verdict", f"would be right in {percent(one['commonest_verdict'])}"),
        ("Abstained on test", f"{one['abstained']['baseline']} before, {one['abstained']['optimised']} after"),
        ("Baseline evaluations kept", str(one["baseline_evaluations"])),
        ("Uses of this sealed test", str(one["sealed_uses"])),
        ("Experiment", one["experiment"] or "none recorded"),
        ("Calls made", f"{one['spent']['calls']:,}; answers that were kept from before cost none"),
        ("Prompt", one["prompt_digest"]),
        ("Parent", one["parent_digest"]),
        ("Artefact", one["artefact_digest"] or "none"),
        ("Note", one["note"]),
    )
    facts = [el("div", el("dt", key), el("dd", value)) for key, value in rows if value]
    words = el("details", el("summary", "instructions"), el("pre", one["instructions"]), class_="more")
    return el("div", el("h3", name), el("dl", facts, class_="facts"), words, class_="judge")


def _how(document: Mapping[str, Any]) -> Markup:
    plan = document["plan"]
    rows = (
        ("Optimiser", f"{plan['optimizer']}: {plan['trials']} trials, {plan['candidates']} candidates"),
        ("Demonstrations", f"at most {plan['demonstrations']}"),
        ("Seed", str(plan["seed"])),
        ("Engine", ", ".join(f"{key} {value}" for key, value in document["engine_identity"].items())),
        ("Libraries", ", ".join(f"{key} {value}" for key, value in document["libraries"].items())),
        ("Made", f"{document['at']}, in {document['seconds']:.0f} s"),
        ("Again", "`agency optimize validate --engine " + document["engine"] + "`"),
    )
    return el("dl", [el("div", el("dt", key), el("dd", prose(value))) for key, value in rows], class_="facts")
