#!/usr/bin/env python3
"""A page of attune report is well-formed, refers to nothing outside itself, and has every figure and table.

usage: page_check.py PAGE [study|scaling]
"""
import html.parser
import sys

VOID = {"meta", "link", "br", "img", "input"}
# Charts of each figure, and tables, by kind of page.
KINDS = {
    "study": (
        {"figure-by-dim": 2, "figure-by-cutoff": 2, "figure-by-history": 2, "figure-speed": 2},
        {"data", "methods", "item-attention", "attention-inputs", "tests", "cutoffs", "groups", "speed", "settings"},
    ),
    "scaling": (
        {"figure-throughput": 2, "figure-efficiency": 2, "figure-quality": 1, "figure-phases": 1},
        {"strong", "weak", "quality", "phases", "costs", "machine", "setup"},
    ),
}
FIGURES, TABLES = KINDS[sys.argv[2] if len(sys.argv) > 2 else "study"]


class Page(html.parser.HTMLParser):
    """Elements that are open, charts of each figure, points of each chart."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.charts, self.points, self.titled = [], [], {}, 0, 0
        self.figure = None

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        for name in ("src", "href", "xlink:href", "action", "data"):
            assert name not in attributes, f"<{tag}> refers to {attributes[name]}"
        assert tag not in ("link", "iframe", "object", "embed"), tag
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "figure":
            self.figure = attributes["id"]
            self.charts[self.figure] = 0
        if tag == "svg" and attributes.get("class") == "chart":
            self.charts[self.figure] += 1
            assert attributes["role"] == "img" and attributes["aria-label"], attributes
        if tag == "g" and attributes.get("class", "").startswith("point"):
            self.points += 1
        if tag == "title" and self.open and self.open[-1] == "g":
            self.titled += 1
        for value in attributes.values():
            assert "nan" not in str(value).split(), (tag, attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]} at {self.getpos()}"
        self.open.pop()


text = open(sys.argv[1], encoding="utf-8").read()
assert text.startswith("<!doctype html>") and text.endswith("</html>\n")
for outside in ("http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest"):
    assert outside not in text, outside
page = Page()
page.feed(text)
page.close()
assert not page.open, page.open
assert len(page.ids) == len(set(page.ids)), "an id occurs twice"
assert page.charts == FIGURES, page.charts
assert TABLES <= set(page.ids), TABLES - set(page.ids)
assert page.points > 0 and page.points == page.titled, (page.points, page.titled)
print(f"{len(text)} bytes, {page.points} points")
