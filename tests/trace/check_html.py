#!/usr/bin/env python3
"""check_html.py FILE.html [FILE.txt] WORDS...: a page needs nothing else, its parts fit together, its data tells of each record of the
text, and the sentence on top has these words.
"""

import html.parser
import json
import pathlib
import re
import sys

import lines

MOST_BYTES = 1 << 20
ATTRIBUTES = {"src", "href", "srcset", "action", "data", "poster", "background"}  # that would load something
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(html.parser.HTMLParser):
    """The ids and scripts of a page. Open elements must be closed in order."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.scripts, self.styles, self.defects, self._open = [], [], [], [], []
        self.feed(text)
        self.close()
        self.defects += [f"<{tag}> is never closed" for tag in self._open]

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.defects += [f"<{tag} {name}=...> loads something" for name in values if name in ATTRIBUTES]
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "script":
            self.scripts.append([values.get("type"), ""])
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.defects.append(f"</{tag}> closes something else")

    def handle_data(self, data):
        if self._open and self._open[-1] == "script":
            self.scripts[-1][1] += data
        if self._open and self._open[-1] == "style":
            self.styles.append(data)


def unbalanced(code):
    """What is wrong with the brackets of a script that has no regular expressions; nothing if they pair."""
    pairs, stack, at = {")": "(", "]": "[", "}": "{"}, [], 0
    while at < len(code):
        here = code[at]
        if code.startswith("//", at):
            at = code.find("\n", at) if "\n" in code[at:] else len(code)
            continue
        if here in "'\"":
            end = re.compile(rf"(?:[^{here}\\\n]|\\.)*{here}").match(code, at + 1)
            if not end:
                return f"a string without an end: {code[at:at + 40]!r}"
            at = end.end()
            continue
        if here == "`" and stack[-1:] != ["`"] or code.startswith("${", at) and stack[-1:] == ["`"]:
            stack.append("{" if here == "$" else here)
            at += 2 if here == "$" else 1
            continue
        if stack[-1:] == ["`"]:
            if here == "`":
                stack.pop()
        elif here in "([{":
            stack.append(here)
        elif here in pairs and (not stack or stack.pop() != pairs[here]):
            return f"a bracket that closes nothing: {code[max(at - 40, 0):at + 1]!r}"
        at += 1
    return f"open at the end: {''.join(stack)}" if stack else None


def counted(run):
    """How many records a run tells of: those that are drawn, those that are folded, those that the page leaves out."""
    return len(run["records"]) + sum(times * length for _, times, length in run["gaps"]) + run["skipped"]


def main():
    path, *rest = sys.argv[1:]
    text = pathlib.Path(path).read_text(encoding="utf-8")
    page, defects = Page(text), []
    defects += page.defects
    if len(text.encode()) > MOST_BYTES:
        defects.append("it has more than a megabyte")
    if any(re.search(r"url\(|@import", style) for style in page.styles):
        defects.append("its style loads something")
    defects += [f"the id {name} is there twice" for name in set(page.ids) if page.ids.count(name) > 1]
    data = [json.loads(script) for kind, script in page.scripts if kind == "application/json"]
    code = [script for kind, script in page.scripts if kind is None]
    if len(data) != 1 or len(code) != 1 or "{{" in text.replace(code[0], ""):
        sys.exit(f"{path}: not one script and its data")
    if defect := unbalanced(code[0]):
        defects.append(defect)
    if re.search(r"\b(fetch|XMLHttpRequest|import|WebSocket|sendBeacon)\s*\(", code[0]):
        defects.append("its script loads something")
    defects += [f"its script looks for an element {name}" for name in re.findall(r'\$\("([^"]*)"\)', code[0]) if name not in page.ids]

    runs = data[0]["runs"]
    for run in runs:
        if counted(run) != run["total"] or run["lost"]:
            defects.append(f"{run['title']}: {counted(run)} of {run['total']} records, {run['lost']} lost")
        for row in run["records"]:
            names = [name for name, _ in data[0]["stations"][row[3]][3]]
            if len(row) != 7 + len(names) or row[4] >= len(data[0]["functions"]):
                defects.append(f"a record that does not fit its station: {row}")
        if [row[0] for row in run["records"]] != sorted(row[0] for row in run["records"]):
            defects.append(f"{run['title']}: time runs backwards")
    missing = {file for frames in data[0]["functions"] for _, file, _ in frames[-1:]} - data[0]["sources"].keys()
    if missing or not data[0]["sources"]:
        defects.append(f"no lines of {missing or 'any source'}")
    if rest and rest[0].endswith(".txt"):
        expected = lines.parse(rest.pop(0))
        if len(expected) != runs[0]["total"]:
            defects.append(f"{runs[0]['total']} records, and the text has {len(expected)}")
        drawn, stations = runs[0]["records"], {line.station for line in expected}
        if not runs[0]["skipped"] and not stations <= {data[0]["stations"][row[3]][1] for row in drawn}:
            defects.append("a station of the text is not drawn")
    for number, words in enumerate(rest):
        if not re.search(words, runs[min(number, len(runs) - 1)]["sentence"]):
            defects.append(f"the sentence does not say '{words}': {runs[min(number, len(runs) - 1)]['sentence']}")
    if defects:
        sys.exit("\n".join([f"{path}:", *defects[:12]]))
    print(f"{path}: {len(text):,} bytes, {', '.join(str(run['total']) for run in runs)} records")


if __name__ == "__main__":
    main()
