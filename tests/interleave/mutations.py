#!/usr/bin/env python3
"""Sabotages of one line each, and the test that must catch each of them: a test that cannot fail tests nothing.

mutations.py [--list] [--only WORD] [--build DIR]

Builds the host tests from a private copy of the tree, in DIR (default: a new one, removed in the end), checks that every
test named below passes, then makes one sabotage after the other, builds what it touches, and checks that its test fails.
Prints a table row for each. --list only prints the table; --only takes the sabotages whose description contains WORD.
Exit status: 0 every sabotage was caught; 1 not; 2 the tree has changed so that one cannot be made, or does not build.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPIED = ("arch", "base", "cmake", "kernel", "mm", "tests", "tools", "user", "linker", "CMakeLists.txt", "CMakePresets.json")
KEEPS = "contract suite, a TLB that keeps everything"


class Sabotage(NamedTuple):
    what: str
    file: str
    old: str  # stands exactly once in the file
    new: str
    test: str  # of interleave_tests, "interleave: " left out; or of host_tests


SABOTAGES = [
    # the back end: entries
    Sabotage("an access-flag update is a plain store", "arch/backend/entry.cpp",
             "while (!slot->compare_exchange(old, old.with(added)));", "while (slot->store(entry), false);",
             "set dirty against set young without lock"),
    Sabotage("the same, met under the lock", "arch/backend/entry.cpp",
             "while (!slot->compare_exchange(old, old.with(added)));", "while (slot->store(entry), false);",
             "set dirty against set young"),
    Sabotage("ageing loads and stores instead of exchanging", "arch/backend/entry.cpp",
             "while (!slot->compare_exchange(old, old.without(flags)))", "for (slot->store(old.without(flags)); false;)",
             "set dirty against age without lock"),
    Sabotage("get-and-clear loads and stores instead of exchanging", "arch/backend/entry.cpp",
             "const Pte old = slot->exchange(Pte{});", "const Pte old = slot->load(); slot->store(Pte{});",
             "set dirty against get and clear without lock"),
    Sabotage("an access-flag update leaves this CPU's TLB alone", "arch/backend/entry.cpp",
             "local_flush_tlb_page(mm, address);", "static_cast<void>(mm), static_cast<void>(address);", KEEPS),
    Sabotage("a clean page is mapped writable", "arch/backend/descriptor.hpp",
             "if (pte_user_writable(pte))", "if (pte_write(pte))", "write fault against read fault"),
    # the back end: TLBs and ASIDs
    Sabotage("a flush stays local if this CPU is among those that need it", "arch/walked/tlb.cpp",
             "if (cpus == bit(machine::this_cpu()))", "if ((cpus & bit(machine::this_cpu())) != 0)",
             "unmap against write"),
    Sabotage("a CPU that arrives in an address space is not noted", "arch/backend/asid.cpp",
             "std::atomic_ref(mm->cpu_mask).fetch_or(1u << cpu, std::memory_order_relaxed);", "static_cast<void>(cpu);",
             "switch against unmap"),
    Sabotage("an ASID roll-over flushes nothing", "arch/backend/asid.cpp",
             "    drop_everything();", "", "ASID roll-over against switch"),
    Sabotage("an ASID roll-over flushes one CPU only", "arch/walked/context.cpp",
             "machine::tlb_invalidate_all_inner_shareable();", "machine::tlb_invalidate_all();",
             "ASID roll-over against switch"),
    Sabotage("an ASID roll-over forgets who runs", "arch/backend/asid.cpp",
             "asids.used.add(mm->asid);", "", "ASID roll-over against read"),
    Sabotage("the ASID lock is given up before the table is changed", "arch/backend/asid.cpp",
             "    const Guard guard(asids.lock);", "    { const Guard guard(asids.lock); }",
             "ASID roll-over against switch"),
    # mm: faults
    Sabotage("a copy-on-write break does not flush", "mm/memory.cpp",
             "            flush_tlb_page(vmf.mm.context, vmf.address);\n", "", "copy-on-write break against read"),
    Sabotage("a copy-on-write break does not look whether the entry changed", "mm/memory.cpp",
             "if (ptep_get(vmf.slot) == vmf.orig_pte) {", "if (true) {", "one copy-on-write break by two"),
    Sabotage("a shared page is reused whoever else has it", "mm/memory.cpp",
             "page_count(*page) == 1", "page_count(*page) >= 1", "two copy-on-write breaks"),
    Sabotage("making young does not look whether the entry changed", "mm/memory.cpp",
             "        return 0;\n    const Pte young", "        (void)0;\n    const Pte young",
             "madvise against write to an old page"),
    Sabotage("a page is installed over another's", "mm/memory.cpp",
             "if (pte_none(ptep_get(vmf.slot)) && (cached == nullptr || still_cached(*cached))) {", "if (true) {",
             "two first writes"),
    Sabotage("the zero page is installed over another's", "mm/memory.cpp",
             "if (pte_none(ptep_get(vmf.slot))) {\n            set_pte_at", "if (true) {\n            set_pte_at",
             "first read against first write"),
    Sabotage("a spurious fault flushes nothing", "mm/memory.cpp",
             "flush_tlb_fix_spurious_fault(vmf.mm.context, vmf.address);", "return 0;", "relax against futex"),
    # mm: what takes permissions and pages away
    Sabotage("ageing does not flush", "mm/aging.cpp",
             "page_mapcount(page) == 1; });\n    flush_tlb_range(mm.context, start, end);",
             "page_mapcount(page) == 1; });", "age against write"),
    Sabotage("cleaning does not flush", "mm/aging.cpp",
             "pte_mkclean(pte_wrprotect(pte)));\n    });\n    flush_tlb_range(mm.context, start, end);",
             "pte_mkclean(pte_wrprotect(pte)));\n    });", "clean against write"),
    Sabotage("cleaning forgets the dirt", "mm/aging.cpp", "page->set(PG_DIRTY);", "(void)0;", "clean against write"),
    Sabotage("unmapping forgets the dirt", "mm/unmap.cpp", "page.set(PG_DIRTY);", "(void)0;", KEEPS),
    Sabotage("unmapping gives pages back before the flush", "mm/mmu_gather.cpp",
             "pages_[count_++] = page;", "put_page(*page);", "unmap against write"),
    Sabotage("page tables go without a flush", "mm/pgtable.cpp",
             "flush_tlb_range(mm.context, UserAddr(lowest << PMD_SHIFT), UserAddr((highest + 1) << PMD_SHIFT));",
             "(void)highest;", "unmap against write"),
    Sabotage("mprotect does not flush", "mm/change_protection.cpp",
             "    flush_tlb_range(mm.context, start, end);\n", "", "mprotect against write"),
    Sabotage("mremap does not flush", "mm/change_protection.cpp",
             "    flush_tlb_range(mm.context, old_start, old_start + bytes);\n", "", "mremap against write"),
    Sabotage("fork does not flush", "mm/dup_mm.cpp",
             "flush_tlb_mm(source.context);", "", "fork against write"),
    Sabotage("fork does not write-protect the parent", "mm/copy_page_range.cpp",
             "if (!vma.shared() && pte_write(ptep_get(source_slot)))", "if (false)", "fork against write"),
    Sabotage("get_user_pages takes no reference", "mm/gup.cpp", "        get_page(page);", "        (void)0;",
             "get_user_pages against unmap"),
    # mm: locks
    Sabotage("a fault does not look whether its page was truncated", "mm/filemap.cpp",
             "return page.mapping.load(std::memory_order_seq_cst) != nullptr;", "return page.test(PG_UPTODATE);",
             "truncate against fault"),
    Sabotage("mremap moves entries behind truncation's back", "mm/change_protection.cpp",
             "    const bool locked = mapping != nullptr;", "    const bool locked = false;",
             "truncate against move"),
    Sabotage("a reader does not look for a writer", "mm/percpu_rwsem.hpp",
             "if (!writer_.load(std::memory_order_seq_cst)) [[likely]]", "if (true)", "readers and a writer"),
    Sabotage("a reader that leaves wakes no writer", "mm/percpu_rwsem.hpp",
             "            wake_writer();", "            (void)0;", "readers and a writer"),
    Sabotage("a table is in truth before the walker can reach it", "arch/walked/context.cpp",
             "    const PhysAddr hardware = virt_to_phys",
             "    std::atomic_ref(mm.pgd->tables[pgd_index(address)]).store(&table);\n"
             "    const PhysAddr hardware = virt_to_phys", "two first writes"),
    # futexes
    Sabotage("a PI lock goes to whoever is first by now", "kernel/futex/pi_chain.cpp",
             "void pi_hand_over(FutexPiState& state, FutexQ& heir) {\n    Guard lock(pi_lock);\n    stop_wait(heir);",
             "void pi_hand_over(FutexPiState& state, FutexQ&) {\n    Guard lock(pi_lock);\n"
             "    FutexQ& heir = state.waiters.front();\n    stop_wait(heir);", "unlock_pi against priority"),
    Sabotage("who waits for an exit looks only afterwards", "kernel/futex/exit.cpp",
             "    while (exits->ended == since)\n        park", "    (void)since;\n    park",
             "lock_pi against exit"),
    Sabotage("FUTEX_WAIT looks at the word before it has the lock", "kernel/futex/wait.hpp",
             "    Guard lock(bucket.lock);\n    if (TRY(futex_get_value_locked(address)) != value)\n        return Err(Errno::AGAIN);\n",
             "    if (TRY(futex_get_value_locked(address)) != value)\n        return Err(Errno::AGAIN);\n    Guard lock(bucket.lock);\n",
             "wait against wake"),
]


def binary_and_test(sabotage):
    if sabotage.test == KEEPS:
        return "host_tests", sabotage.test
    return "interleave_tests", "interleave: " + sabotage.test


def mutated(sabotage, text):
    if text.count(sabotage.old) != 1:
        sys.exit(f"mutations.py: {sabotage.what}: `{sabotage.old}` stands {text.count(sabotage.old)} times "
                 f"in {sabotage.file}, not once")
    return text.replace(sabotage.old, sabotage.new)


class Copy:
    """A private copy of the tree with its build."""

    def __init__(self, directory):
        self.tree = directory / "tree"
        self.build_dir = directory / "build"
        for name in COPIED:
            source, target = ROOT / name, self.tree / name
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copy2(source, target)
        # Neither sanitizers nor warnings: what a sabotage leaves unused is no finding.
        self.execute(["cmake", "--preset", "host-plain", "-B", self.build_dir, "-DCMAKE_CXX_FLAGS=-O1 -w"])

    def execute(self, command):
        done = subprocess.run(command, cwd=self.tree, capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stdout[-4000:], done.stderr[-4000:], sep="", file=sys.stderr)
            sys.exit(2)

    def build(self):
        self.execute(["cmake", "--build", self.build_dir, "--target", "host_tests", "interleave_tests"])

    def passes(self, binary, test):
        spec = test.replace(",", "\\,")
        try:
            done = subprocess.run([self.build_dir / binary, spec], capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            return False
        if "No test cases matched" in done.stdout + done.stderr:
            sys.exit(f"mutations.py: there is no test `{test}`")
        return done.returncode == 0


def row(sabotage, verdict):
    return f"| {sabotage.what} | `{sabotage.file}` | `{': '.join(filter(None, [sabotage.test]))}` | {verdict} |"


def run(chosen, directory):
    copy = Copy(directory)
    copy.build()
    for binary, test in sorted({binary_and_test(each) for each in chosen}):
        if not copy.passes(binary, test):
            sys.exit(f"mutations.py: `{test}` fails without any sabotage")
    missed = 0
    for sabotage in chosen:
        path = copy.tree / sabotage.file
        original = path.read_text(encoding="utf-8")
        path.write_text(mutated(sabotage, original), encoding="utf-8")
        copy.build()
        caught = not copy.passes(*binary_and_test(sabotage))
        path.write_text(original, encoding="utf-8")
        missed += 0 if caught else 1
        print(row(sabotage, "caught" if caught else "MISSED"), flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} sabotages caught")
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(description="Sabotages, and the tests that catch them.")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--build", type=pathlib.Path)
    arguments = parser.parse_args()
    chosen = [each for each in SABOTAGES if arguments.only in each.what]
    for sabotage in chosen:
        mutated(sabotage, (ROOT / sabotage.file).read_text(encoding="utf-8"))
    if arguments.list:
        print("\n".join(row(each, "") for each in chosen))
        return 0
    if arguments.build:
        arguments.build.mkdir(parents=True, exist_ok=True)
        return run(chosen, arguments.build)
    with tempfile.TemporaryDirectory() as directory:
        return run(chosen, pathlib.Path(directory))


if __name__ == "__main__":
    sys.exit(main())
