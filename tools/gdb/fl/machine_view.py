"""What a back end has told the machine about a page, and whether that is what the entry says.

The two are compared by what they permit, not by their bits: the entry by the law of its software bits, the descriptor by a
walk as the hardware makes it (tools/gdb/armv7-pt.py)."""

from fl.armv7 import Mmu
from fl.entries import PAGE
from fl.tasks import name_of, running_on


def mmu_with(kernel, directory):
    """The selected CPU's MMU, as it would be with this directory (a kernel address) in TTBR0."""
    mmu = Mmu(kernel.memory, kernel.physical(directory), kernel.mmu.ttbr1, kernel.mmu.ttbcr, kernel.mmu.dacr, 1,
              kernel.mmu.prrr, kernel.mmu.nmrr, kernel.mmu.has_pxn)
    mmu.tre, mmu.afe = kernel.mmu.tre, kernel.mmu.afe
    return mmu


def rights_of_leaf(mmu, leaf):
    if leaf is None:
        return {"read": False, "write": False, "execute": False}
    user = mmu.access(leaf)[1]
    return {"read": user != "none", "write": user == "rw", "execute": mmu.user_may_execute(leaf)}


def compare(entry_rights, frame, leaf_rights, leaf):
    """Why the machine's view and the entry's differ: "more" (the machine permits what the entry forbids), "less", "frame",
    or None: they agree."""
    if leaf is not None and leaf_rights["read"] and leaf.base >> 12 != frame:
        return "frame"
    if any(leaf_rights[right] and not entry_rights[right] for right in entry_rights):
        return "more"
    if any(entry_rights[right] and not leaf_rights[right] for right in entry_rights):
        return "less"
    return None


WHAT_IS_DIFFERENT = {
    "frame": "NO: it names another frame",
    "more": "NO: the machine permits more than the entry",
    "less": "NO: the machine permits less than the entry",
    None: "yes",
}


def words_of(rights):
    return " and ".join(right for right in ("read", "write", "execute") if rights[right]) or "nothing"


def asid_of(kernel, mm):
    """Its ASID, or None if it has none in this generation."""
    generation = int(kernel.variable("backend::(anonymous namespace)::asids")["generation"])
    context = mm["context"]
    return int(context["asid"]) if int(context["asid_generation"]) == generation else None


def uses(kernel, cpu, mm):
    """Whether the CPU translates through this address space."""
    return kernel.variable("run_queues").per_cpu(cpu).late()["active_mm"].target() == mm


def where_used(kernel, mm):
    cpus = [cpu for cpu in kernel.cpus() if uses(kernel, cpu, mm)]
    if not cpus:
        return "no CPU uses this address space now"
    tasks = {cpu: running_on(kernel, cpu) for cpu in cpus}
    return ", ".join(f"CPU {cpu} " + (f"runs {name_of(task)} in this address space" if task["mm"]["mm"].target() == mm
                                      else f"still has it loaded, and runs {name_of(task)}") for cpu, task in tasks.items())


class TlbEntry:
    """An entry of a CPU's software-filled TLB."""

    def __init__(self, tlb, index):
        slot = tlb["entries_"][index]
        tag = int(slot["tag"]["bits_"])
        self.page, self.asid, self.descriptor = tag & ~(PAGE - 1), tag % 256, int(slot["descriptor"])
        self.installed, self.valid = bool(int(tlb["installed_"][index // 32]) >> index % 32 & 1), tag != 0


def tlb_entries(kernel, cpu):
    """The valid ones of a CPU; those of other ASIDs do not count once the CPU has to drop everything (tlb_slot())."""
    own = kernel.variable("softtlb::cpus")[cpu]
    tlb, used = own["tlb"], own["mm"].target()
    for index in range(int(tlb["size_"])):
        entry = TlbEntry(tlb, index)
        dropped = bool(own["must_drop_all"]) and (used is None or entry.asid != int(used["asid"]))
        if entry.valid and not dropped:
            yield entry


def held_by(kernel, cpu, mm, page):
    """(TlbEntry, its leaf, the CPU's Mmu) of a page of an address space in a software-filled TLB; None: it is not there."""
    asid = asid_of(kernel, mm)
    for entry in tlb_entries(kernel, cpu):
        if entry.page == page and entry.asid == asid:
            mmu = mmu_with(kernel, int(kernel.variable("softtlb::cpus")[cpu]["tlb"]["tables_"]["directory_"]))
            # Every first-level descriptor of the CPU's tables has domain 0 and PXN.
            return entry, mmu.second_leaf(entry.descriptor, 0b101), mmu
    return None
