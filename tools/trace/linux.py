"""What Linux did: the outcomes of the catalogue, which are Linux's, and what a round of its loop cost."""

import story
import verdict
from stations import ROOT

SCENARIOS = ROOT / "user/scenarios"
ONLY_HERE = ("--mmu", "tlb=")  # a scenario that needs such a machine needs a TLB that QEMU's own MMU does not have


def table(name):
    """The rows of a file of user/scenarios."""
    lines = (SCENARIOS / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def beside(scenario, runs, syscalls):
    """A table for the page: our runs, and Linux before and after its fix. None for what Linux cannot show."""
    row = next((row for row in table("catalogue.tsv") if row[0] == scenario), None)
    if row is None or any(word in row[8] for word in ONLY_HERE):
        return None
    found = [verdict.find(trace, syscalls, story.Slices(trace.records)) for _, trace in runs]
    call = next((each.call for each in found if each), "")
    rounds = {name: int(count) for name, count, _ in table("linux_rounds.tsv")}
    ours = [[title, "hangs" if each and each.outcome == verdict.HANGING else "passes", f"{len(each.repairs):,}" if each else "0",
             f"{each.instructions:,}" if each and each.instructions else "-"] for (title, _), each in zip(runs, found)]
    old, cured, calls = row[1], row[4], row[6]
    return {
        "title": "The same program on Linux",
        "head": ["kernel", "the program", "calls of fault_in_user_writeable", "instructions a round"],
        "rows": [[f"Faultline, {title}", *rest] for title, *rest in ours] + [
            ["Linux 6.1 with the repair of before 2011 (as gup)", old, "without end" if old == "hangs" else calls,
             f"{rounds[call]:,}" if old == "hangs" and call in rounds else "-"],
            ["Linux 6.1 as it is (as fixup)", cured, calls, "-"]],
        "note": "Linux was recorded on the same emulated machine (user/scenarios/linux_rounds.tsv). Our rounds are counted without the "
                "instructions of tracing.",
    }
