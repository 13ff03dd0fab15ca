#!/usr/bin/env python3
"""run.sh's table: the figures of both back ends beside Linux's, the floors and the budget. Prints it, leaves it as table.tsv and
as chart.svg, and compares it with the budget."""
import argparse
import math
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
PICTURE = HERE.parent.parent / "docs/pictures/performance.svg"
# The mean is over the 80 figures that every machine has: not over the boot, which is no operation, nor over what needs a TLB filled
# by software or a disk, nor over what takes many operations at once.
NOT_IN_MEAN = {"boot", "tlb", "signals", "exec", "children", "reclaim"}
# How long a task waits for a disk, and so how often it is switched, depends on the host: no budget.
NO_BUDGET = {"swap_out", "swap_in", "writeback_clean"}
COLUMNS = ["figure", "linux default", "linux lean", "walked", "softtlb", "ratio", "floor", "distance"]


class Rows:
    """figures.tsv: the names in order, the group and the floor of each."""

    def __init__(self):
        self.group, self.floor, parts = {}, {}, {}
        for line in (HERE / "figures.tsv").read_text().splitlines():
            word = line.split("\t")
            if line.startswith("#"):
                continue
            if word[0] == "part":
                parts[word[1]] = int(word[2])
            else:
                self.group[word[0]] = word[1]
                # A sum of products of names and numbers, and nothing else.
                self.floor[word[0]] = None if word[2] == "-" else eval(word[2], {"__builtins__": {}}, parts)


def measured(path):
    """What the program printed: name, median, least, most. Each boot tells what the boot took: the first one counts."""
    figures = {}
    for line in Path(path).read_text(errors="replace").splitlines():
        word = line.split()
        if len(word) == 4:
            try:
                figures.setdefault(word[0], float(word[1]))
            except ValueError:
                pass
    return figures


def read_columns(path):
    """A file of the project: a comment, then a name and figures; `-` is none."""
    comments, figures = [], {}
    for line in Path(path).read_text().splitlines():
        if line.startswith("#"):
            comments.append(line)
        else:
            word = line.split("\t")
            figures[word[0]] = [None if each == "-" else float(each) for each in word[1:]]
    return comments, figures


def write_columns(path, comments, figures):
    text = [*comments, *("\t".join([name, *("-" if each is None else f"{each:.1f}" for each in row)]) for name, row in figures.items())]
    Path(path).write_text("\n".join(text) + "\n")


def show(figure):
    """At least three digits, and no more decimals than that takes."""
    if figure is None:
        return "-"
    return f"{figure:.0f}" if abs(figure) >= 1000 else f"{figure:.1f}"


def quotient(a, b):
    return None if a is None or not b or a <= 1 else a / b


def geometric_mean(values):
    return math.exp(sum(math.log(each) for each in values) / len(values)) if values else None


def growth(machine):
    """How figures grow with what has nothing to do with the operation: a sentence each."""
    def both(few, many):
        return (machine[few], machine[many]) if few in machine and many in machine else None

    if pair := both("fault_scatter_refault_vma10", "fault_scatter_refault_vma30000"):
        yield f"a scattered fault with 30,000 VMAs costs {pair[1] / pair[0]:.2f} times one with 10"
    if pair := both("futex_wake_none_private_waiters0", "futex_wake_none_private_waiters1000"):
        yield f"a wake with 1,000 sleepers elsewhere costs {pair[1] - pair[0]:.1f} instructions more than one without"
    if pair := both("fork_exit_wait_small", "fork_exit_wait_1000_children"):
        yield f"fork, exit and wait with 1,000 children alive costs {pair[1] / pair[0]:.2f} times one without"


def worse(figure, budget):
    return figure > budget * 1.03 and figure > budget + 2


def compare(budget_path, names, machines, take, gcc):
    """Compares with the budget; True if no figure is worse."""
    if not os.path.exists(budget_path):
        if not take:
            return True
        comments, budget = [f"# Instructions an operation may take, by GCC {gcc.split('.')[0]} (docs/performance.md).",
                            "# figure\twalked\tsofttlb"], {}
    else:
        comments, budget = read_columns(budget_path)
    good, better = True, 0
    for name in (each for each in names if each not in NO_BUDGET):
        row = budget.setdefault(name, [None, None])
        for i, machine in enumerate(machines):
            now = machine.get(name)
            if now is None:
                continue
            if row[i] is not None and worse(now, row[i]):
                print(f"bench: {name} on {('walked', 'softtlb')[i]}: {show(now)} instructions, and its budget is {show(row[i])}",
                      file=sys.stderr)
                good = False
            else:
                better += row[i] is not None and worse(row[i], now)
                if take:
                    row[i] = now if row[i] is None else min(now, row[i])
    if take:
        write_columns(budget_path, comments, budget)
    elif better:
        print(f"bench: {better} figures are better than the budget by more than 3 % and 2 instructions: --take takes them",
              file=sys.stderr)
    return good


def chart(rows, head, mean):
    """A bar for each figure: this kernel's instructions for one of Linux's. A mark where the floor is."""
    half, height, label, width = (len(rows) + 1) // 2, 15, 250, 205
    full = 2 * (label + width + 40)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full} {half * height + 74}" font-family="sans-serif" font-size="11">',
           "<style>text{fill:#24292f}.grid{stroke:#8886}.bar{fill:#3b7dd8}.over{fill:#d1622b}.floor{stroke:#24292f;stroke-width:2}",
           "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bar{fill:#58a6ff}.over{fill:#f0883e}.floor{stroke:#e6edf3}}</style>",
           f'<text x="4" y="16" font-size="14">Instructions per operation, lean Linux = 1. Geometric mean: {mean:.3f}. The mark is the floor.</text>',
           f'<text x="4" y="34">{head}</text>']
    for column in range(2):
        left = column * full / 2 + label
        for tenths in (0, 2, 5, 10):
            x = left + width * tenths / 10
            out.append(f'<line class="grid" x1="{x:.0f}" y1="56" x2="{x:.0f}" y2="{56 + half * height}"/>'
                       f'<text x="{x:.0f}" y="52" text-anchor="middle">{tenths / 10:g}</text>')
        for i, (name, ratio, floor) in enumerate(rows[column * half:(column + 1) * half]):
            y = 58 + i * height
            out.append(f'<text x="{left - 6:.0f}" y="{y + 9}" text-anchor="end">{name}</text>'
                       f'<rect class="{"over" if ratio > 1 else "bar"}" x="{left:.0f}" y="{y}" width="{min(ratio, 1.18) * width:.1f}" height="11"/>'
                       f'<line class="floor" x1="{left + floor * width:.1f}" y1="{y - 1}" x2="{left + floor * width:.1f}" y2="{y + 12}"/>')
    return "\n".join(out) + "\n</svg>\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("walked", "softtlb", "gcc", "qemu", "out"):
        parser.add_argument(f"--{option}", required=True)
    for option in ("budget", "linux-default", "linux-lean", "linux-version"):
        parser.add_argument(f"--{option}", default="")
    parser.add_argument("--take", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()

    figures = Rows()
    names = options.names or list(figures.group)
    walked, softtlb = measured(options.walked), measured(options.softtlb)
    if options.linux_lean:
        default, lean = measured(options.linux_default), measured(options.linux_lean)
        linux = {name: [default.get(name), lean.get(name)] for name in figures.group if name in lean}
        comments = [f"# Linux {options.linux_version} of Debian 12's linux-image-armmp, QEMU {options.qemu}, one Cortex-A15, 256 MiB,",
                    "# instructions per operation: with Debian's defaults, and lean (run.sh says which arguments). run.sh --linux --take made it.",
                    "# figure\tdefault\tlean"]
        if options.take and not options.names:
            write_columns(HERE / "linux.tsv", comments, linux)
    else:
        comments, linux = read_columns(HERE / "linux.tsv")

    table, in_mean = [], {"walked": [], "softtlb": []}
    for name in names:
        default, lean = linux.get(name, [None, None])
        here, soft, floor = walked.get(name), softtlb.get(name), figures.floor[name]
        if here is None:
            sys.exit(f"bench: the program did not measure {name}")
        table.append([name, default, lean, here, soft, quotient(here, lean), floor, quotient(here, floor)])
        if figures.group[name] not in NOT_IN_MEAN:
            in_mean["walked"].append(quotient(here, lean))
            in_mean["softtlb"].append(quotient(soft, lean))
    means = {machine: geometric_mean([each for each in ratios if each]) for machine, ratios in in_mean.items()}

    head = (f"Cortex-A15 of QEMU {options.qemu}, one processor, 256 MiB, -icount shift=0,sleep=off; GCC {options.gcc}; "
            + comments[0].removeprefix("# ").split(",")[0])
    texts = [COLUMNS, *([row[0], *(show(each) for each in row[1:5]), *(f"{each:.3f}" if each else "-" for each in row[5:6]),
                         show(row[6]), f"{row[7]:.1f}" if row[7] else "-"] for row in table)]
    widths = [max(len(row[i]) for row in texts) for i in range(len(COLUMNS))]
    print(head + "\n")
    for row in texts:
        print(row[0].ljust(widths[0]), *(each.rjust(width) for each, width in zip(row[1:], widths[1:])), sep="  ")
    for machine, mean in means.items():
        if mean:
            print(f"geometric mean of {len(in_mean[machine])} ratios to lean Linux, {machine}: {mean:.3f}")

    for sentence in growth(walked):
        print(f"walked: {sentence}")

    out = Path(options.out)
    (out / "table.tsv").write_text("\n".join([f"# {head}", *("\t".join(row) for row in texts)]) + "\n")
    bars = [(row[0], row[5], (row[6] or 0) / row[2]) for row in table if row[5] and figures.group[row[0]] not in NOT_IN_MEAN]
    if bars:
        (out / "chart.svg").write_text(chart(bars, head, means["walked"]))
        if options.take and not options.names:
            PICTURE.write_text((out / "chart.svg").read_text())
    if options.budget and not compare(options.budget, names, (walked, softtlb), options.take, options.gcc):
        sys.exit(1)


if __name__ == "__main__":
    main()
