#!/usr/bin/env python3
"""In mm/ a header declares what its .cpp defines, all of it and nothing else: checked against the objects of build/arm.

    tools/headers.py    one line for each finding; status 1 if there is one
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OBJECTS = ROOT / "build" / "arm" / "CMakeFiles" / "kernel.dir" / "mm"

# Files whose functions are declared by the room that asks for them, and headers that only ask.
ANSWERS = {"lockdep": "base/lockdep.hpp", "pgtable": "arch/contract/page_supply.hpp"}
NO_SOURCE = {"upcalls"}

DECLARATION = re.compile(r"^(?! |class|struct|enum|using|inline|constexpr|template|friend|//|#|\})[\w\[\]:<>,&* ]*?\b(\w+)\([^;{]*\)(?: const)?;",
                         re.M)


def defined(name):
    """The functions at namespace scope that mm/NAME.cpp defines for others."""
    found = subprocess.run(["arm-none-eabi-nm", "--demangle", "--defined-only", str(OBJECTS / f"{name}.cpp.obj")],
                           capture_output=True, check=True, encoding="utf-8").stdout
    names = set()
    for line in found.splitlines():
        if match := re.match(r"[0-9a-f]+ T faultline::(?:\w+::)?(\w+)\(", line):
            names.add(match.group(1))
    return names


def declared(header):
    text = re.sub(r"//[^\n]*", "", (ROOT / header).read_text(encoding="utf-8"))
    text = re.sub(r"^#ifdef FAULTLINE_DEBUG$.*?^#(?:else|endif)$", "", text, flags=re.M | re.S)  # not in build/arm
    return text, set(DECLARATION.findall(text))


def main():
    if not OBJECTS.is_dir():
        sys.exit("headers: build/arm is missing: cmake --preset arm && cmake --build --preset arm")
    findings = []
    for source in sorted((ROOT / "mm").glob("*.cpp")):
        name = source.stem
        here = defined(name)
        text, wanted = declared(f"mm/{name}.hpp") if (ROOT / f"mm/{name}.hpp").exists() else ("", set())
        if name in ANSWERS:
            text += declared(ANSWERS[name])[0]
        findings += [f"mm/{name}.cpp defines {each}, which mm/{name}.hpp does not declare"
                     for each in sorted(here) if not re.search(rf"\b{each}\(", text)]
        findings += [f"mm/{name}.hpp declares {each}, which mm/{name}.cpp does not define" for each in sorted(wanted - here)]
    for header in sorted((ROOT / "mm").glob("*.hpp")):
        if not header.with_suffix(".cpp").exists() and header.stem not in NO_SOURCE:
            findings += [f"{header.relative_to(ROOT)} declares {each}, and has no .cpp"
                         for each in sorted(declared(str(header.relative_to(ROOT)))[1])]
    print("\n".join(findings), end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
