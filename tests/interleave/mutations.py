#!/usr/bin/env python3
"""Sabotages of one line each, and the test that must catch each of them. A test that cannot fail tests nothing.

mutations.py [--list] [--only WORD] [--part N/M] [--build DIR]
mutations.py --offered DIR

Builds the host tests from a private copy of the tree in DIR (default: a new directory, removed at the end), and checks
that every test named below passes. Then it makes the sabotages one by one. For each it rebuilds the test program,
checks that the test fails, and prints a row of a table.

--list only prints the table. --only takes the sabotages whose description contains WORD, and --part the Nth of M equal parts of
them, so that several can run at a time. The table in docs/testing.md has the same descriptions.

--offered writes into DIR what cmake/explorer.cmake needs to build those sabotages that the explorer offers: for the one with the
number N the changed file under DIR/N, the sources that have to be compiled again in DIR/N/sources, and about all of them
DIR/sabotages.json.

Exit status: 0 every sabotage was caught; 1 one was not, or one cannot be made or built because the tree has changed; 2 the
build without a sabotage failed.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPIED = ("abi", "arch", "base", "cmake", "interleave", "kernel", "mm", "tests", "tools", "user", "linker", "CMakeLists.txt", "CMakePresets.json")


class Test(NamedTuple):
    program: str
    name: str


def interleave(name):  # on the back end `walked`, like host()
    return Test("interleave_tests", "interleave: " + name)


def host(name):
    return Test("host_tests", name)


def softtlb_interleave(name):
    return Test("softtlb_interleave_tests", "interleave: " + name)


def softtlb_host(name):
    return Test("softtlb_tests", name)


KEEPS = host("contract suite, a TLB that keeps everything")
PRESSURE = host("pressure: random programs agree with a plain model of memory")
NEVER_PAID = "*new TlbDebt(mm.context)"  # its scope never ends, so its pages are never flushed


class Sabotage(NamedTuple):
    what: str
    file: str
    old: str  # occurs exactly once in the file
    new: str
    test: Test
    invariant: int = 0  # the one of docs/testing.md that it breaks; 0: it concerns a lock or the machine
    offered: bool = False  # by the explorer, where the test's program finds it


SABOTAGES = [
    # the back end: entries
    Sabotage("an access-flag update is a plain store", "arch/backend/entry.cpp",
             "const Pte old = slot->fetch_set(added);", "const Pte old = slot->load(); slot->store(old.with(added));",
             interleave("set dirty against set young without lock"), invariant=3, offered=True),
    Sabotage("an access-flag update stores the entry as it was before the lock was taken", "arch/contract/mmu.hpp",
             "return ptep_add_flags(mm, address, slot, entry.bits() & may_add);", "set_pte_at(mm, address, slot, entry); return may_add != 0;",
             interleave("set dirty against set young"), invariant=3),
    Sabotage("ageing loads and stores instead of exchanging", "arch/backend/entry.cpp",
             "const Pte old = slot->fetch_clear(flags);", "const Pte old = slot->load(); slot->store(old.without(flags));",
             interleave("set dirty against age without lock"), invariant=6, offered=True),
    Sabotage("get-and-clear loads and stores instead of exchanging", "arch/backend/entry.cpp",
             "const Pte old = slot->exchange(Pte{});", "const Pte old = slot->load(); slot->store(Pte{});",
             interleave("set dirty against get and clear without lock"), invariant=6),
    Sabotage("an access-flag update does not flush this CPU's TLB", "arch/backend/entry.cpp",
             "backend::local_flush_tlb_page(mm, address);", "static_cast<void>(mm), static_cast<void>(address);", KEEPS,
             invariant=1),
    Sabotage("a clean page is mapped writable", "arch/backend/descriptor.hpp",
             "if (pte_user_writable(pte))", "if (pte_write(pte))", interleave("write fault against read fault"),
             invariant=6),
    # the back end: TLBs and ASIDs
    Sabotage("a flush is local whenever this CPU is one of those that need it", "arch/walked/tlb.cpp",
             "if (cpus == this_cpu_only())", "if (!(cpus & this_cpu_only()).empty())",
             interleave("unmap against write"), invariant=7, offered=True),
    Sabotage("a switch does not add the CPU to the address space's mask", "arch/backend/asid.cpp",
             "mm->cpu_mask.add_atomically(cpu);", "static_cast<void>(cpu);",
             interleave("switch against unmap"), invariant=7),
    Sabotage("an ASID roll-over flushes nothing", "arch/backend/asid.cpp",
             "    drop_everything();", "", interleave("ASID roll-over against switch")),
    Sabotage("an ASID roll-over flushes one CPU only", "arch/walked/address_space.cpp",
             "machine::tlb_invalidate_all_inner_shareable();", "machine::tlb_invalidate_all();",
             interleave("ASID roll-over against switch")),
    Sabotage("an ASID roll-over forgets the ASIDs in use", "arch/backend/asid.cpp",
             "asids.used.add(mm->asid);", "", interleave("ASID roll-over against read")),
    Sabotage("the ASID lock is released before the table is changed", "arch/backend/asid.cpp",
             "    const Guard guard(asid_lock);", "    { const Guard guard(asid_lock); }",
             interleave("ASID roll-over against switch")),
    # the back end whose TLB software fills
    Sabotage("a shootdown skips the other CPUs", "arch/softtlb/tlb.cpp",
             "!others.empty()) {", "false) {", softtlb_interleave("unmap against write"), invariant=7, offered=True),
    Sabotage("a shootdown skips the CPU that starts it", "arch/softtlb/tlb.cpp",
             "if (!(cpus & here).empty())", "if (false)", softtlb_interleave("copy-on-write break against read")),
    Sabotage("a shootdown drops the entry but not the hardware's copy of it", "arch/softtlb/cpu_tlb.cpp",
             "    machine::tlb_invalidate_mva(entry.tag.page(), entry.tag.asid());\n", "",
             softtlb_interleave("unmap against write"), invariant=7),
    Sabotage("a shootdown finds only entries that are in use", "arch/softtlb/cpu_tlb.cpp",
             "        if (tag != TlbTag{} && tag.asid()", "        if (is_installed(index) && tag.asid()",
             softtlb_host("softtlb: a flush reaches what waits under another ASID, and every CPU that may hold it"),
             invariant=7),
    Sabotage("a miss loads a clean page as if it were dirty", "arch/softtlb/refill.cpp",
             "backend::descriptor_for(truth)", "backend::descriptor_for(pte_mkdirty(truth))",
             softtlb_interleave("write fault against read fault"), invariant=6),
    Sabotage("a miss loads an old page", "arch/softtlb/refill.cpp",
             "return access.execute() ? pte_user_executable(truth) : pte_user_readable(truth);", "return pte_present(truth);",
             softtlb_host("softtlb: a miss on an entry that does not permit the access is a fault, and loads nothing")),
    Sabotage("a shootdown can interrupt the loading of an entry", "arch/softtlb/refill.cpp",
             "    const IrqGuard no_interrupts;\n", "", softtlb_interleave("age against write"), invariant=6),
    # the machine that sets young and dirty itself
    Sabotage("hardware sets its bits by a plain store", "arch/softtlb/refill.cpp",
             "if (slot->compare_exchange(truth, accessed))", "if (slot->store(accessed), true)",
             softtlb_interleave("first write of a clean page against unmap"), invariant=6),
    Sabotage("hardware puts the entry back that it had found", "arch/softtlb/refill.cpp",
             "        }\n        accessed = pte_accessed(truth, access.write());", "        }",
             softtlb_interleave("first write of a clean page against mprotect"), invariant=6),
    Sabotage("hardware takes dirty for a permission", "arch/softtlb/refill.cpp",
             "while (permits(accessed, access) && accessed != truth)", "while (slot != nullptr && accessed != truth)",
             softtlb_host("softtlb: hardware bits: an access leaves in the entry what it needs, and nothing where it is denied")),
    Sabotage("hardware makes every page that is read dirty", "arch/contract/pte.hpp",
             "pte.with(write ? Pte::YOUNG | Pte::DIRTY : Pte::YOUNG)", "pte.with(Pte::YOUNG | (write || pte_write(pte) ? Pte::DIRTY : 0u))",
             softtlb_host("softtlb: hardware bits: a page that was only read is read-only in the TLB until it is written")),
    Sabotage("hardware denies what its TLB denies", "arch/softtlb/refill.cpp",
             "hardware && fault.kind() == FaultKind::Permission", "false && fault.kind() == FaultKind::Permission",
             softtlb_host("softtlb: hardware bits: an entry older than truth goes unnoticed")),
    Sabotage("hardware keeps the entry that denied the access", "arch/softtlb/refill.cpp",
             "        cpu.tlb.drop(cpu.mm->asid, page, page + PAGE_SIZE);\n", "",
             softtlb_host("softtlb: hardware bits: a page that was only read is read-only in the TLB until it is written")),
    Sabotage("hardware tries the kernel's fetch from a user's page for ever", "arch/softtlb/refill.cpp",
             " && (fault.user_mode() || !fault.execute())", "",
             softtlb_host("softtlb: hardware bits: the kernel's fetch from a user's page is a fault, and not tried again")),
    Sabotage("the checker of flushes sets the bits that it looks for", "arch/backend/flush_check.cpp",
             "pte_obeyed(ptep_get(&slot), write)", "ptep_get(&slot)",
             softtlb_host("softtlb: hardware bits: the checker of flushes sets no bit, and still finds what a flush has missed")),
    Sabotage("get-and-clear loads and stores, and the machine sets dirty in between", "arch/backend/entry.cpp",
             "const Pte old = slot->exchange(Pte{});", "const Pte old = slot->load(); slot->store(Pte{});",
             softtlb_interleave("first write of a clean page against unmap"), invariant=6),
    Sabotage("ageing loads and stores, and the machine sets dirty in between", "arch/backend/entry.cpp",
             "const Pte old = slot->fetch_clear(flags);", "const Pte old = slot->load(); slot->store(old.without(flags));",
             softtlb_interleave("first write of a clean page against age"), invariant=6),
    Sabotage("a switch leaves the entries of the old address space in use", "arch/softtlb/cpu_tlb.cpp",
             "        uninstall_all();\n        selected_", "        selected_", softtlb_interleave("switch against unmap"),
             invariant=7),
    Sabotage("a switch keeps entries whose ASID now belongs to another address space", "arch/softtlb/address_space.cpp",
             "if (cpu.must_drop_all.load(std::memory_order_relaxed)) {", "if (false) {",
             softtlb_interleave("ASID roll-over against switch")),
    Sabotage("an ASID roll-over notifies only its own CPU", "arch/softtlb/address_space.cpp",
             "for (softtlb::Cpu& cpu : softtlb::cpus)\n        cpu.must", "softtlb::this_cpu().must",
             softtlb_interleave("ASID roll-over against switch")),
    Sabotage("an evicted entry stays in the private tables", "arch/softtlb/cpu_tlb.cpp",
             "    tables_.clear(entry.tag.page());\n", "",
             softtlb_host("softtlb: first in, first out")),
    Sabotage("a spurious fault flushes nothing", "mm/memory.cpp",
             "flush_tlb_fix_spurious_fault(mm.context, address);", "return VM_FAULT_NONE;",
             softtlb_interleave("relax against futex"), invariant=1),
    # mm: faults
    Sabotage("a copy-on-write break does not flush", "mm/cow.cpp",
             "ptep_clear_flush(vmf.mm.context, vmf.address, vmf.slot);",
             "set_pte_at(vmf.mm.context, vmf.address, vmf.slot, Pte{});",
             interleave("copy-on-write break against read"), offered=True),
    Sabotage("a copy-on-write break does not check whether the entry has changed", "mm/cow.cpp",
             "        return VM_FAULT_NONE;\n    TRACE(Copied", "        (void)0;\n    TRACE(Copied",
             interleave("one copy-on-write break by two"), invariant=9, offered=True),
    Sabotage("a copy-on-write break reuses a page that is still shared", "mm/cow.hpp",
             "page_count(page) == 1", "page_count(page) >= 1", interleave("two copy-on-write breaks")),
    Sabotage("making an entry young does not check whether it has changed", "mm/memory.cpp",
             "        return VM_FAULT_NONE;\n    const u32 missing", "        (void)0;\n    const u32 missing",
             interleave("madvise against write to an old page"), invariant=9),
    Sabotage("a new page replaces one that another fault has installed", "mm/memory.cpp",
             "if (pte_none(ptep_get(vmf.slot)) && (cached == nullptr || still_cached(*cached)))", "if (true)",
             interleave("two first writes"), invariant=9, offered=True),
    Sabotage("the zero page replaces a page that another fault has installed", "mm/memory.cpp",
             "if (pte_none(ptep_get(vmf.slot))) {\n            TRACE(ZeroPage", "if (true) {\n            TRACE(ZeroPage",
             interleave("first read against first write"), invariant=9),
    Sabotage("a spurious fault flushes nothing", "mm/memory.cpp",
             "flush_tlb_fix_spurious_fault(mm.context, address);", "return VM_FAULT_NONE;",
             interleave("relax against futex"), invariant=1),
    # mm: what takes permissions and pages away
    Sabotage("a TLB debt ends without being paid", "arch/contract/mmu.hpp",
             "~TlbDebt() { pay(); }", "~TlbDebt() {}", interleave("mprotect against write")),
    Sabotage("a TLB debt remembers only its last page", "arch/contract/mmu.hpp",
             "        if (!owed())\n            start_ = page;", "        start_ = page;",
             host("back end: a debt is paid by one flush of all that is owed, when its scope ends or before")),
    Sabotage("a hook write-protects a page but does not note it in the debt", "arch/backend/entry.cpp",
             "    remove_flags(address, slot, Pte::WRITE);\n    debt.owe(address);\n", "    remove_flags(address, slot, Pte::WRITE);\n",
             interleave("fork against write")),
    Sabotage("ageing does not flush", "mm/aging.cpp",
             "ptep_test_and_clear_young(debt, address, slot)",
             f"ptep_test_and_clear_young({NEVER_PAID}, address, slot)",
             interleave("age against write"), invariant=6, offered=True),
    Sabotage("cleaning does not flush", "mm/aging.cpp",
             "clean_pte(debt, address, slot, *page);", f"clean_pte({NEVER_PAID}, address, slot, *page);",
             interleave("clean against write"), invariant=6),
    Sabotage("cleaning loses the dirty bit", "mm/rmap.cpp", "page.set(PG_DIRTY);", "(void)0;", interleave("clean against write"),
             invariant=6, offered=True),
    # mm: writing back
    Sabotage("writing back does not flush", "mm/rmap.cpp",
             "clean_pte(debt, address, slot, *page);", "clean_pte(*new TlbDebt(vma.mm->context), address, slot, *page);",
             interleave("write back against write"), invariant=6),
    Sabotage("writing back cleans the first mapping only", "mm/rmap.cpp",
             "clean);\n    }", "clean);\n        break;\n    }", interleave("write back against write elsewhere"), invariant=6),
    Sabotage("writing back leaves clean entries writable", "mm/rmap.cpp",
             "(pte_dirty(pte) || pte_write(pte))", "pte_dirty(pte)",
             host("contract suite, a TLB that keeps everything"), invariant=6),
    Sabotage("a page is clean before its entries are", "mm/page_writeback.cpp",
             "    page_mkclean(mapping, start, start + run.count);\n", "", interleave("write back against write"), invariant=6),
    Sabotage("a write fault does not make the page dirty", "mm/file_fault.cpp",
             "            return VM_FAULT_NONE;\n        tag_page_dirty(mapping, page);", "            return VM_FAULT_NONE;",
             interleave("write back against write"), invariant=6),
    Sabotage("a first write does not make the page dirty", "mm/file_fault.cpp",
             "tag_page_dirty(mapping, *page);", "(void)0;", interleave("read from disk against write"), invariant=6),
    Sabotage("a write fault makes the page dirty before it has the lock of the file", "mm/file_fault.cpp",
             "    const Guard no_writeback(mapping.lock);\n    const Guard lock(pte_lockptr(vmf.slot));",
             "    { const Guard early(mapping.lock); if (still_cached(*vm_normal_page(vmf.orig_pte)))"
             " tag_page_dirty(mapping, *vm_normal_page(vmf.orig_pte)); }\n    const Guard lock(pte_lockptr(vmf.slot));\n"
             "#define tag_page_dirty(...)", interleave("write back against first write"), invariant=6),
    Sabotage("mprotect makes clean pages of a disk writable", "mm/mprotect.cpp",
             "return pte_dirty(pte) || !vma_wants_writenotify(vma);", "return true;",
             interleave("write back against mprotect"), invariant=6),
    Sabotage("a write from outside does not make the page dirty", "mm/remote_memory.cpp",
             "set_page_dirty(*page);", "(void)0;", interleave("write back against write from outside"), invariant=6),
    Sabotage("fsync does not wait for another's transfer", "mm/page_writeback.cpp",
             "    while (std::any_of(mapping.writing.begin(), mapping.writing.end(), awaited))",
             "    while (false && std::any_of(mapping.writing.begin(), mapping.writing.end(), awaited))",
             interleave("write back against write back")),
    Sabotage("a page can be used while it is read", "mm/filemap.cpp",
             "    return page != nullptr && page->test(PG_UPTODATE) ? PageRef::of(*page) : PageRef();",
             "    return page != nullptr ? PageRef::of(*page) : PageRef();", interleave("read from disk against write")),
    Sabotage("a page that is in use is dropped", "mm/filemap.cpp",
             "page_count(*it) != 1", "page_count(*it) < 1", interleave("invalidate against write")),
    Sabotage("truncation does not wait for a transfer", "mm/filemap.cpp",
             "if (it->test(PG_LOCKED | PG_WRITEBACK) ||", "if (it->test(PG_LOCKED) ||", interleave("truncate against write back")),
    Sabotage("one bad page takes the others of its run along", "mm/page_writeback.cpp",
             "    if (run.count == 1)\n        return false;", "    return false;", KEEPS),
    Sabotage("a page that cannot be read takes those before it along", "mm/filemap.cpp",
             "while (filled < run.count && (read", "while (filled < 1 && (read", KEEPS),
    Sabotage("nobody is told of a failed write", "mm/page_writeback.cpp",
             "        mapping.wb_err.set();\n", "        static_cast<void>(mapping);\n", KEEPS),
    Sabotage("mappings join that were told of different failed writes", "mm/vma_edit.cpp",
             " &&\n           below.wb_err == backing.wb_err;", ";",
             host("vma: parts of a file join only if they were told of the same failed writes")),
    Sabotage("unmapping loses the dirty bit", "mm/unmap.cpp", "            move_bits_to_page(*page, pte);\n", "", KEEPS, invariant=6),
    Sabotage("unmapping frees pages before the flush", "mm/unmap.cpp",
             "pages_[count_++] = &page;", "put_page(page);", interleave("unmap against write"), invariant=7, offered=True),
    Sabotage("unmapping gives the lock of a table up before the flush", "mm/unmap.cpp",
             "leave_table = [&] { gather.flush(); };", "leave_table = [] {};", interleave("madvise against fault")),
    Sabotage("fork takes eight entries for none because the first is", "mm/dup_mm.cpp",
             " && all_none(slot) ? ", " && (all_none(slot) || true) ? ", host("fork: pages among many that nobody has touched")),
    Sabotage("an address space does not note where it has a page table", "mm/pgtable.cpp",
             "            mm.pgd_in_use.set(pgd_index(address));\n", "",
             host("munmap: page tables go with the last VMA over them, not earlier")),
    Sabotage("page tables are freed without a flush", "mm/pgtable.cpp",
             "flush_tlb_range(mm.context, UserAddr(lowest << PMD_SHIFT), UserAddr((highest + 1) << PMD_SHIFT));",
             "(void)highest;", interleave("unmap with its page table against read"), invariant=7),
    Sabotage("mprotect does not flush", "mm/mprotect.cpp",
             "ptep_get_and_clear(debt, address, slot)", f"ptep_get_and_clear({NEVER_PAID}, address, slot)",
             interleave("mprotect against write"), offered=True),
    Sabotage("mremap does not flush", "mm/mremap.cpp",
             "    TlbDebt debt(mm.context);\n", f"    TlbDebt& debt = {NEVER_PAID};\n",
             interleave("mremap against write")),
    Sabotage("fork does not flush", "mm/dup_mm.cpp",
             "ptep_set_wrprotect(debt, address, source_slot);",
             "ptep_set_wrprotect(*new TlbDebt(debt.context()), address, source_slot);",
             interleave("fork against write")),
    Sabotage("fork takes an entry for empty that reclaim has in hand", "mm/dup_mm.cpp",
             "        const Guard lock(pte_lockptr(from)); // reclaim", "        // reclaim", interleave("fork against page out")),
    Sabotage("fork does not write-protect the parent", "mm/dup_mm.cpp",
             "if (!shared && pte_write(pte)) {", "if (false) {", interleave("fork against write"), offered=True),
    Sabotage("get_user_pages takes no reference", "mm/gup.cpp",
             "*page = PageRef::of(found);", "*page = PageRef(&found);", interleave("get_user_pages against unmap")),
    Sabotage("a forced write takes a dirty page for its own", "mm/gup.cpp",
             "page->test(PG_ANON_EXCLUSIVE)",
             "pte_dirty(pte)",
             interleave("forced write against fork")),
    Sabotage("a forced write asks again for a page to read only", "mm/gup.cpp",
             "const VmFault served = handle_mm_fault(mmap_read, vma, address, access_of(flags));",
             "const VmFault served = handle_mm_fault(mmap_read, vma, address, access_of(flags));\n        flags = flags.without(flags.has(FOLL_FORCE) ? FOLL_WRITE : FOLL_NONE);",
             interleave("forced write against madvise")),
    Sabotage("a forced write makes the entry writable", "mm/memory.cpp",
             "return maybe_mkwrite(pte_mkdirty(Pte(page_to_pfn(page), vm_page_prot(vma))), vma);",
             "return pte_mkwrite(pte_mkdirty(Pte(page_to_pfn(page), vm_page_prot(vma))));",
             interleave("forced write against mprotect")),
    Sabotage("fork leaves the page to a forced write of the parent", "mm/dup_mm.cpp",
             "page->clear(PG_ANON_EXCLUSIVE);",
             "(void)0;",
             interleave("forced write against fork")),
    Sabotage("a forced write copies a page that another one is writing", "mm/gup.cpp",
             "page->test(PG_ANON_EXCLUSIVE)",
             "page->test(PG_ANON) && page_count(*page) == 1",
             interleave("two forced writes")),
    # mm: allocations that fail
    Sabotage("an mremap without memory for its new place leaves the old range cut out", "mm/mremap.cpp",
             "        vma_merge(locked, from);\n        return Err(Errno::NOMEM);", "        return Err(Errno::NOMEM);",
             host("fail nth: mremap")),
    Sabotage("an mremap without memory for a table leaves its new place mapped", "mm/mremap.cpp",
             "        unmap_whole(locked, to);\n", "", host("fail nth: mremap")),
    Sabotage("an mremap without memory for a table leaves pages in the new place", "mm/mremap.cpp",
             "const auto back = move_page_tables(locked, *placed, to.start, old.start, old.length);",
             "const Result<void> back;", host("fail nth: mremap")),
    Sabotage("a mapping that cannot be cut twice stays cut once", "mm/vma_edit.cpp",
             "            vma_merge(locked, *middle);\n            return", "            return",
             host("fail nth: munmap and mprotect of the middle")),
    Sabotage("a munmap that cannot cut twice has cut once", "mm/munmap.cpp",
             "                vma_merge(locked, *first);\n", "                static_cast<void>(0);\n",
             host("fail nth: munmap and mprotect of the middle")),
    Sabotage("a fork without memory for a directory loses its address space", "mm/mm_struct.cpp",
             "    if (directory == nullptr) {\n        kmem_delete(mm_cache, mm);\n", "    if (directory == nullptr) {\n",
             host("fail nth: fork, and the end of the copy")),
    # mm: the reverse map and reclaim
    Sabotage("fork does not tell the reverse map of the child's VMA", "mm/dup_mm.cpp",
             "            anon_vma_link(*copy, *family);\n", "", KEEPS),
    Sabotage("a VMA that moves forgets its page numbers", "mm/mremap.cpp",
             "linear_page_index(from, old.start), from.anon_vma,", "to.start.value() >> PAGE_SHIFT, from.anon_vma,", KEEPS),
    Sabotage("the upper part of a cut VMA is in no family", "mm/vma_edit.cpp",
             "    join_family(*upper, vma.anon_vma);\n", "", KEEPS),
    Sabotage("ageing a page does not look at its entries", "mm/rmap.cpp",
             "    for (VmArea& vma : mapping.i_mmap) {\n        TlbDebt debt(vma.mm->context);\n        visit_mapping_of",
             "    for (VmArea& vma : mapping.i_mmap) {\n        continue;\n        TlbDebt debt(vma.mm->context);\n        visit_mapping_of",
             KEEPS),
    Sabotage("reclaim does not flush what it unmaps", "mm/rmap.cpp",
             "        TlbDebt debt(vma.mm->context);\n        update_hiwater",
             "        TlbDebt& debt = *new TlbDebt(vma.mm->context);\n        update_hiwater",
             interleave("reclaim against read"), invariant=7),
    Sabotage("reclaim takes locked memory", "mm/rmap.cpp",
             "        if (keeps_entries(vma, flags))\n            continue;\n", "", KEEPS),
    Sabotage("reclaim frees what is dirty", "mm/shrink_page.cpp",
             "page->test(PG_DIRTY) && !page->test(PG_WRITEBACK)", "false", interleave("reclaim of a dirty page against write")),
    Sabotage("reclaim frees a page that is in use", "mm/shrink_page.cpp",
             "page->test(PG_WRITEBACK) || !try_to_unmap(mapping, *page) || page_count(*page) != 2", "page->test(PG_WRITEBACK) || !try_to_unmap(mapping, *page)",
             interleave("reclaim against write call")),
    Sabotage("truncation does not wait for reclaim", "mm/filemap.cpp",
             "|| !lru_cache_del(*it))\n                park", "|| (lru_cache_del(*it), false))\n                park",
             interleave("reclaim against truncate")),
    Sabotage("reclaim does not wake truncation", "mm/shrink_page.cpp",
             "    unpark_all(mapping.waiters); // truncation may wait for the page\n", "",
             interleave("reclaim against truncate")),
    Sabotage("the next page of a file is looked for one slot too far", "mm/page_tree.cpp",
             "slot_ = node_->offset + 1u;", "slot_ = node_->offset + 2u;",
             host("page tree: random pages, as a plain map has them")),
    Sabotage("a page that leaves its file's tree leaves its tag there", "mm/page_tree.cpp",
             "    clear_tag(page);\n    if (bits_ == 0) {", "    if (bits_ == 0) {",
             host("page tree: random pages, as a plain map has them")),
    # mm: swap
    Sabotage("an entry loses its page before it has a claim on the slot", "mm/rmap.cpp",
             "        const SwapEntry entry =\n            flags.has(TTU_HWPOISON) ?", "        page.clear(PG_ANON_EXCLUSIVE);\n"
             "        unmap_anon(*vma.mm, page, clear_and_flush(*vma.mm, address, slot));\n        const SwapEntry entry =\n            flags.has(TTU_HWPOISON) ?", KEEPS),
    Sabotage("reclaim does not count an entry that refers to the slot", "mm/swap_state.cpp",
             "    slot.set_count(slot.count() + 1);\n    return entry;", "    return entry;", KEEPS),
    Sabotage("reclaim does not flush the entry that goes to swap", "mm/rmap.cpp",
             "    TlbDebt debt(mm.context);\n    const Pte pte = ptep_get_and_clear(debt, address, slot);\n    debt.pay();\n",
             "    TlbDebt& debt = *new TlbDebt(mm.context);\n    const Pte pte = ptep_get_and_clear(debt, address, slot);\n",
             interleave("page out against write"), invariant=7, offered=True),
    Sabotage("locked memory goes to swap", "mm/rmap.cpp",
             "        if (keeps_entries(vma, flags))\n            return;\n", "", KEEPS),
    Sabotage("shared memory that is locked goes to swap", "mm/shrink_page.cpp", " || mapping.unevictable", "", KEEPS),
    Sabotage("what was written since MADV_FREE is thrown away", "mm/rmap.cpp",
             "        if (pte_dirty(pte)) {\n", "        if (false) {\n", KEEPS),
    Sabotage("MADV_FREE's page is taken for clean while it can still be written", "mm/rmap.cpp",
             "        const Pte pte = clear_and_flush(*vma.mm, address, slot);\n",
             "        const Pte pte = ptep_get(slot);\n        if (!pte_dirty(pte)) clear_and_flush(*vma.mm, address, slot);\n",
             softtlb_interleave("discard against write"), invariant=6),
    Sabotage("a page read from swap counts its entry after the claim has gone", "mm/swap_fault.cpp",
             "    set_pte_at(vmf.mm.context, vmf.address, vmf.slot, vmf.orig_pte);\n",
             "    page->mapcount.fetch_sub(1);\n    set_pte_at(vmf.mm.context, vmf.address, vmf.slot, vmf.orig_pte);\n"
             "    page->mapcount.fetch_add(1);\n", interleave("page in against a relative")),
    Sabotage("an entry shows the page of a slot that it does not refer to any more", "mm/swap_fault.cpp",
             "ptep_get(vmf.slot) != vmf.orig_pte || !map_swap_cache", "!map_swap_cache", interleave("two page in to read")),
    Sabotage("a page is one entry's alone though another refers to its slot", "mm/swap_state.cpp",
             "slot.count() == 1 && page_mapcount(page) == 0;", "page_mapcount(page) == 0;", KEEPS),
    Sabotage("a page gives up its slot while it is written there", "mm/swap_state.cpp",
             "(how.write || is_short) && !page.test(PG_WRITEBACK))", "(how.write || is_short))",
             interleave("page out against write")),
    Sabotage("a slot is free while its page is written there", "mm/swap_state.cpp",
             "page_mapcount(page) == 0 && !page.test(PG_LOCKED | PG_WRITEBACK);",
             "page_mapcount(page) == 0 && !page.test(PG_LOCKED);", interleave("page out against unmap")),
    Sabotage("a page of swap is used before it has been read", "mm/swap_state.cpp",
             "        if (!page->test(PG_LOCKED))\n            return PageRef::of(*page);",
             "        return PageRef::of(*page);", interleave("two page in")),
    Sabotage("a page stays dirty when it is written to its slot", "mm/swap_state.cpp",
             "        page.clear(PG_DIRTY); // what is written from here on is dirty again\n", "", KEEPS),
    Sabotage("what is written during the transfer to a slot is taken for written", "mm/swap_state.cpp",
             "    page.clear(PG_WRITEBACK);\n    if (!written.ok())", "    page.clear(PG_WRITEBACK | PG_DIRTY);\n    if (!written.ok())",
             interleave("page out against write through a reference")),
    Sabotage("a page that could not be written to its slot is clean", "mm/swap_state.cpp",
             "    if (!written.ok())\n        page.set(PG_DIRTY);\n", "", PRESSURE),
    Sabotage("a page that is in use leaves the swap cache", "mm/swap_state.cpp",
             "page_count(page) != 2 || page.test(PG_DIRTY | PG_WRITEBACK))", "page.test(PG_DIRTY | PG_WRITEBACK))",
             interleave("page out against write through a reference")),
    Sabotage("a dirty page leaves the swap cache", "mm/swap_state.cpp",
             "page_count(page) != 2 || page.test(PG_DIRTY | PG_WRITEBACK))", "page_count(page) != 2 || page.test(PG_WRITEBACK))",
             interleave("page out against write through a reference")),
    Sabotage("fork copies an entry in swap without a claim", "mm/swap_pte.cpp",
             "    if (!swap_duplicate(entry))\n        return false;\n", "", KEEPS),
    Sabotage("an entry that is unmapped keeps its slot", "mm/swap_pte.cpp",
             "    add_mm_counter(mm, MM_SWAPENTS, -1);\n    swap_free(entry);", "    add_mm_counter(mm, MM_SWAPENTS, -1);", KEEPS),
    Sabotage("MADV_FREE leaves the claim of an entry in swap", "mm/aging.cpp",
             "            zap_swap_pte(mm, pte_to_swp_entry(pte));\n", "", KEEPS),
    Sabotage("swapoff does not know of the address space", "mm/swap_pte.cpp",
             "    add_mm_counter(mm, MM_SWAPENTS, 1);\n    mm_may_be_in_swap(mm);\n", "    add_mm_counter(mm, MM_SWAPENTS, 1);\n", KEEPS),
    Sabotage("swapoff is not told of an entry that it may have missed", "mm/swap_pte.cpp",
             "    mm_may_be_in_swap(mm);\n    swap_entry_settled(entry);\n", "    mm_may_be_in_swap(mm);\n",
             interleave("swapoff against page out")),
    Sabotage("swapoff looks through everything once only", "mm/swapoff.cpp",
             "    while (area.used != 0) {\n        const u64 before", "    if (area.used != 0) {\n        const u64 before",
             interleave("swapoff against page out")),
    Sabotage("what swapoff has brought back goes out again", "mm/swap_state.cpp",
             "    if (!page.test(PG_SWAPCACHE) || !area.accepts)", "    if (!page.test(PG_SWAPCACHE))", KEEPS),
    Sabotage("a page of a tmpfs that is in swap is made anew", "mm/filemap.cpp",
             "    if (find_swapped(mapping, index) == nullptr)\n        page = add_to_page_cache", "    page = add_to_page_cache",
             interleave("first touch of shared memory against page out")),
    Sabotage("a page of a tmpfs leaves its file while it is in use", "mm/shmem_swap.cpp",
             "written && page_count(*page) == 2 && !page->test(PG_DIRTY)", "written && !page->test(PG_DIRTY)",
             interleave("page out of shared memory against unmap of one mapping")),
    Sabotage("what is written during the transfer of a page of a tmpfs is lost", "mm/shmem_swap.cpp",
             "written && page_count(*page) == 2 && !page->test(PG_DIRTY)", "written && page_count(*page) == 2",
             interleave("page out of shared memory against unmap of one mapping")),
    Sabotage("a page of a tmpfs that cannot be read from swap is in its cache", "mm/shmem_swap.cpp",
             "        removed = remove_from_page_cache(mapping, *fresh);", "        fresh->set(PG_UPTODATE);", PRESSURE),
    Sabotage("an anonymous page is freed in a list of reclaim", "mm/page_alloc.cpp",
             "page.test(PG_LRU) && lru_cache_del(page);", "false;", KEEPS),
    Sabotage("MADV_REMOVE forgets what was written to a disk", "mm/madvise.cpp",
             "    if (mapping_reads(*vma.mapping))\n        return Err(Errno::OPNOTSUPP);\n", "", KEEPS),
    # mm: lost pages
    Sabotage("the entries of a lost page are just emptied", "mm/swap_pte.cpp", "slot, swp_entry_to_pte(entry));",
             "slot, is_hwpoison_entry(entry) ? Pte() : swp_entry_to_pte(entry));", KEEPS),
    Sabotage("a tmpfs forgets its lost page", "mm/memory_failure.cpp",
             "if (record != nullptr)\n        return replace", "if (record != nullptr && page.index == ~0u)\n        return replace",
             KEEPS),
    Sabotage("fsync is not told of a lost page", "mm/memory_failure.cpp", "mapping.wb_err.set();", "(void)0;",
             interleave("poison of a disk against write")),
    Sabotage("a fault maps a lost page from the swap cache", "mm/swap_state.cpp",
             " || page.test(PG_HWPOISON))\n        return false;", ")\n        return false;",
             interleave("poison of what swap lacks against read")),
    Sabotage("a poisoned page of the swap cache is taken for lost", "mm/memory_failure.cpp",
             "    take_from_programs(page);\n    return page.test(PG_SWAPCACHE);", "    return page.test(PG_SWAPCACHE);",
             interleave("poison of what is in swap against read")),
    Sabotage("reclaim puts a lost page back into a list", "mm/lru.cpp", "if (!page.test(PG_HWPOISON))\n            vec.add",
             "vec.add", interleave("poison against page out")),
    Sabotage("reclaim leaves a lost page its slot", "mm/shrink_page.cpp",
             "        drop_poisoned_from_swap_cache(*page);", "        (void)0;", interleave("poison against page out")),
    Sabotage("a lost page of a disk is not waited for", "mm/memory_failure.cpp",
             "!page.test(PG_LOCKED | PG_WRITEBACK) && lru_cache_del(page)", "lru_cache_del(page)",
             interleave("poison of a disk against sync")),
    Sabotage("memory_failure does not wait for reclaim", "mm/memory_failure.cpp",
             "&& lru_cache_del(page))\n            return true;", "&& (lru_cache_del(page) || true))\n            return true;",
             interleave("poison of shared memory against page out")),
    # mm: promises and limits
    Sabotage("a part that is unmapped stays promised", "mm/mm_struct.hpp",
             "    if (vma.flags.has(VM_ACCOUNT))\n        vm_acct_memory(pages);\n",
             "    if (vma.flags.has(VM_ACCOUNT) && static_cast<s32>(pages) > 0)\n        vm_acct_memory(pages);\n", KEEPS),
    Sabotage("memory that becomes writable is not promised", "mm/mprotect.cpp",
             "        flags |= VM_ACCOUNT;\n", "", KEEPS),
    Sabotage("fork is not refused what does not fit", "mm/dup_mm.cpp",
             "vma.flags.has(VM_ACCOUNT) && !charge.take(vma.pages())", "false", KEEPS),
    Sabotage("a full tmpfs takes another page", "mm/shmem.cpp",
             "most != 0 && now >= most", "false", KEEPS),
    Sabotage("an absent page of a reaped address space is zeros", "mm/memory.cpp",
             "is_unstable(vmf.mm)", "false", KEEPS),
    # what a user may have of the kernel
    Sabotage("what kmalloc rounds up does not count against a socket", "abi/ipc/truesize.hpp",
             "return SK_BUFF_BYTES + kmalloc_size_roundup(aligned + SKB_SHARED_INFO_BYTES) + pages * SKB_PAGE_BYTES;",
             "return SK_BUFF_BYTES + aligned + pages * SKB_PAGE_BYTES;", host("truesize: as many messages as on Linux")),
    Sabotage("the pages of a long message count nothing", "abi/ipc/truesize.hpp",
             "skb_truesize(bytes > rest ? bytes - rest : 0, pages)", "skb_truesize(bytes > rest ? bytes - rest : 0, 0)",
             host("truesize: never less than the bytes, and never falling")),
    # mm: locks
    Sabotage("a fault does not check whether its page was truncated", "mm/filemap.cpp",
             "return page.mapping.load(std::memory_order_seq_cst) != nullptr;", "return page.test(PG_UPTODATE);",
             interleave("truncate against fault")),
    Sabotage("mremap flushes an entry after truncation can find it in its new place", "mm/mremap.cpp",
             "        with_rmap_locks(vma, [&] {\n            TlbDebt debt(mm.context);\n",
             "        TlbDebt debt(mm.context);\n        with_rmap_locks(vma, [&] {\n", interleave("truncate against move")),
    Sabotage("a reader does not check for a writer", "mm/percpu_rwsem.hpp",
             "if (!is_raised(std::memory_order_acquire)) [[likely]]", "if (true)", interleave("readers and a writer")),
    Sabotage("a reader that leaves does not wake the writer", "mm/percpu_rwsem.hpp",
             "[[unlikely]]\n            wake_writer();", "[[unlikely]]\n            (void)0;",
             interleave("readers and a writer")),
    Sabotage("a writer that waits for another one does not set the flag", "mm/percpu_rwsem.cpp",
             "        if (!ask_for_turn())\n            continue;\n        if (overtaken)",
             "        if (!is_raised(std::memory_order_seq_cst))\n            continue;\n        if (overtaken)", interleave("two writers")),
    Sabotage("a woken writer does not set the flag for the other waiting writers", "mm/percpu_rwsem.cpp",
             "        writer_.store(Writer::Awaited, std::memory_order_seq_cst);", "        (void)0;",
             interleave("three writers")),
    Sabotage("a reader that turns back does not wake the writer", "mm/percpu_rwsem.cpp",
             "        let_writer_in(); // it may", "        // it may", interleave("a reader and two writers")),
    Sabotage("a writer that was overtaken is not woken", "mm/percpu_rwsem.cpp",
             "        unpark_all(overtaken_writers_); // the one with this number goes on\n", "",
             interleave("three writers")),
    Sabotage("any overtaken writer takes what was handed over to one", "mm/percpu_rwsem.cpp",
             "    while (static_cast<s32>(handed_over_ - number) < 0)\n        park(overtaken_writers_, lock_);\n",
             "    const u32 before = number - 1;\n    while (handed_over_ == before)\n"
             "        park(overtaken_writers_, lock_);\n    overtaken_ = handed_over_;\n",
             host("PercpuRwSemaphore: what is handed over to one overtaken writer is not another's")),
    Sabotage("a page table is in the directory before the hardware can reach it", "arch/walked/address_space.cpp",
             "    const PhysAddr hardware = virt_to_phys",
             "    std::atomic_ref(mm.pgd->tables[pgd_index(address)]).store(&table);\n"
             "    const PhysAddr hardware = virt_to_phys", interleave("first read against first write")),
    # futexes
    Sabotage("a PI lock goes to the waiter that is first now, not to the chosen heir", "kernel/futex/pi_chain.cpp",
             "void pi_hand_over(FutexPiState& state, FutexQ& heir, FutexHashBucket&) {\n    Guard lock(pi_lock);\n    stop_wait(heir);",
             "void pi_hand_over(FutexPiState& state, FutexQ&, FutexHashBucket&) {\n    Guard lock(pi_lock);\n"
             "    FutexQ& heir = state.waiters.front();\n    stop_wait(heir);", interleave("unlock_pi against priority")),
    Sabotage("a PI lock is handed over without FUTEX_WAITERS", "kernel/futex/pi_unlock.cpp",
             "static_cast<u32>(heir.task->pid) | FUTEX_WAITERS)", "static_cast<u32>(heir.task->pid))",
             interleave("pi mutex, three contenders"), offered=True),
    Sabotage("the first waiter for a PI lock does not set FUTEX_WAITERS", "kernel/futex/pi_atomic.cpp",
             "    TRY_VOID(lock_pi_update_atomic(address, word, word | FUTEX_WAITERS));\n"
             "    return PiAttempt{.state = TRY(attach_to_pi_owner(address, word | FUTEX_WAITERS, key, bucket))};",
             "    return PiAttempt{.state = TRY(attach_to_pi_owner(address, word, key, bucket))};",
             interleave("pi mutex, two contenders twice")),
    Sabotage("a PI lock is taken for a requeued waiter without FUTEX_WAITERS", "kernel/futex/pi_atomic.cpp",
             "lock_pi_update_atomic(address, word, mine | FUTEX_WAITERS)", "lock_pi_update_atomic(address, word, mine)",
             interleave("pi condition variable, two waiters and a late notifier")),
    Sabotage("CMP_REQUEUE_PI locks only the bucket that it takes waiters from", "kernel/futex/requeue_pi.cpp",
             "const BothLocked locks(from.lock, to.lock);", "const Guard lock(from.lock);",
             interleave("pi condition variable, waiter, notifier and contender")),
    Sabotage("CMP_REQUEUE_PI does not drop its reference to the lock", "kernel/futex/requeue_pi.cpp",
             "    if (state != nullptr)\n        put_pi_state(*state, to);\n    return round;", "    return round;",
             interleave("pi condition variable, waiter and notifier")),
    Sabotage("WAIT_REQUEUE_PI reads its waiter after queueing it", "kernel/futex/requeue_pi.cpp",
             "    TRY_VOID(futex_wait_setup(address1, scope, value, q));\n",
             "    TRY_VOID(futex_wait_setup(address1, scope, value, q));\n    if (q.key == key2)\n"
             "        return futex_unqueue(q), Err(Errno::INVAL);\n",
             interleave("pi condition variable, waiter and notifier overtaken")),
    Sabotage("a task that waits for an exit sleeps without a check", "kernel/futex/exit.cpp",
             "    while (exits->ended == since)\n        park", "    (void)since;\n    park",
             interleave("lock_pi against exit")),
    Sabotage("LOCK_PI does not check whether the owner has given up its locks meanwhile", "kernel/futex/pi_atomic.cpp",
             "if (!now || now.value() != word)\n        return refuse(now ? Errno::AGAIN : now.error());",
             "if (!now)\n        return refuse(now.error());", interleave("lock_pi against exec")),
    Sabotage("FUTEX_WAIT reads the word before it takes the lock", "kernel/futex/wait.hpp",
             "    Guard lock(bucket.lock);\n    const AboutToWait counted(bucket);\n"
             "    if (TRY(futex_get_value_locked(address)) != value)\n        return Err(Errno::AGAIN);\n",
             "    if (TRY(futex_get_value_locked(address)) != value)\n        return Err(Errno::AGAIN);\n"
             "    Guard lock(bucket.lock);\n    const AboutToWait counted(bucket);\n",
             interleave("wait against wake"), offered=True),
    Sabotage("a wait counts as a waiter only once it is queued", "kernel/futex/wait.hpp",
             "    const AboutToWait counted(bucket);\n", "", interleave("wait against wake")),
    Sabotage("a requeue counts as a waiter only once it has moved one", "kernel/futex/requeue.cpp",
             "    const AboutToWait counted(to);\n", "", interleave("requeue against wake")),
    Sabotage("a waiter that is moved does not count where it goes", "kernel/futex/queue.cpp",
             "    count_waiters(to, 1);\n", "",
             host("CMP_REQUEUE: wakes some, moves some, leaves the rest, all in order; val2 is a number")),
    # the rest of the invariants
    Sabotage("the livelock detector counts every round as a change", "kernel/futex/livelock.cpp",
             "if (!has_seen_ || now != seen_) {", "if (true) {", host("livelock: any change starts the count again"),
             invariant=2),
    Sabotage("fixup_user_fault does not check the VMA's permissions", "mm/gup.cpp",
             "if (!vma || !vma_permits_fault(*vma, flags))", "if (!vma)", KEEPS, invariant=4),
    Sabotage("a word is read under its bucket's lock with page faults enabled", "kernel/futex/user_word.hpp",
             "    PagefaultDisabled atomic;\n    return get_user_word(address);", "    return get_user_word(address);",
             host("a bucket's lock is held exactly while the word may not fault, whichever operation it is"),
             invariant=5),
    Sabotage("schedule() does not check whether page faults are disabled", "kernel/sched/sched.cpp",
             "    if (pagefault_disabled())\n        panic", "    if (false)\n        panic",
             host("schedule() panics while page faults are disabled"), invariant=5),
    Sabotage("FUTEX_WAKE_OP wakes before it knows that it can write", "kernel/futex/wake_op.cpp",
             "    const bool wake_second = TRY(futex_atomic_op(encoded_op, address2));\n"
             "    u32 woken = TRY(wake_waiters(bucket1, key1, nr_wake, FUTEX_BITSET_MATCH_ANY));\n",
             "    u32 woken = TRY(wake_waiters(bucket1, key1, nr_wake, FUTEX_BITSET_MATCH_ANY));\n"
             "    const bool wake_second = TRY(futex_atomic_op(encoded_op, address2));\n",
             host("WAKE_OP: where the second word cannot be written nobody is woken; where it can only after a fault, once"),
             invariant=8),
    Sabotage("FUTEX_WAIT handles a fault in the sleeping state", "kernel/futex/wait.hpp",
             "        current()->state = TaskState::Running;\n        if (queued.error()", "        if (queued.error()",
             host("WAIT on a page nobody ever touched: read where it may fault, checked where it may not"),
             invariant=10),
    # locks, lazy TLBs
    Sabotage("what an exception interrupts is taken for a call", "arch/armv7/unwind.hpp",
             "if (frame.interrupted && tables.is_text(frame.lr()))", "if (false)",
             host("armv7: an interrupted function that has called nothing yet is left by lr")),
    Sabotage("a spin lock goes to any CPU that finds it free, out of order", "base/spinlock.hpp",
             "        const u32 before = tickets_.both.fetch_add(ONE_TICKET, std::memory_order_acquire);\n",
             "        u32 before = tickets_.both;\n"
             "        for (; !is_free(before) || !tickets_.both.compare_exchange_strong(before, before + ONE_TICKET); before = tickets_.both)\n"
             "            spin_until([&] { return !is_locked(); });\n", interleave("tickets are served in order")),
    Sabotage("a sleeping lock goes to any task that finds it free, out of order", "base/rwsem.hpp",
             "            if (waiters_.empty() && may_enter(mode)) {", "            if (may_enter(mode)) {",
             host("RwSemaphore: readers share, and those behind a writer wait for it")),
    Sabotage("a sleeping lock is not handed over", "base/rwsem.hpp",
             "        BUG_ON(!std::exchange(writer_, false));\n        hand_over();",
             "        BUG_ON(!std::exchange(writer_, false));",
             host("RwSemaphore: a writer that comes back at once does not overtake one that waits")),
    Sabotage("a kernel task leaves the address space of the task before it", "kernel/sched/sched.cpp",
             "    if (to.mm.mm != nullptr)\n        activate_mm(rq, to.mm.mm);", "    activate_mm(rq, to.mm.mm);",
             host("lazy TLB: a kernel task runs in the address space of the task before it")),
    Sabotage("an address space that ends stays in use on its CPU", "kernel/sched/sched.cpp",
             "            const IrqGuard irqs;\n            activate_mm(rq, nullptr);\n            continue;", "            continue;",
             host("lazy TLB: an address space that ends is left before anything of it is freed")),
    Sabotage("an address space that ends stays in use on other CPUs", "kernel/sched/sched.cpp",
             "        spin_until([&] { return rq.active_mm != &mm; });", "        (void)0;",
             host("lazy TLB: every CPU leaves an address space that ends")),
]


def mutated(sabotage, text):
    if text.count(sabotage.old) != 1:
        sys.exit(f"mutations.py: {sabotage.what}: `{sabotage.old}` stands {text.count(sabotage.old)} times "
                 f"in {sabotage.file}, not once")
    return text.replace(sabotage.old, sabotage.new)


INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


def sources_with(file):
    """The sources of the kernel and of interleave/ that a change of this file changes: itself, or all that include it."""
    if file.endswith(".cpp"):
        return [file]
    including = {}
    for room in ("base", "arch/backend", "arch/model", "arch/walked", "arch/softtlb", "mm", "kernel/sched", "kernel/futex", "interleave"):
        for path in (ROOT / room).rglob("*.[ch]pp"):
            for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
                including.setdefault(name, set()).add(path.relative_to(ROOT).as_posix())
    found, todo = set(), [file]
    while todo:
        for each in including.get(todo.pop(), set()) - found:
            found.add(each)
            todo.append(each)
    return sorted(each for each in found if each.endswith(".cpp"))


def indent_of(line):
    return len(line) - len(line.lstrip())


def whole_lines(sabotage, text):
    """What a sabotage changes, as whole lines: where they begin, and what stands there before and after."""
    at = text.index(sabotage.old)
    begin = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at + len(sabotage.old.rstrip("\n")))
    first, *others = text[begin:end].split("\n")
    if any(line.strip() and indent_of(line) < indent_of(first) for line in others):  # of what stands above
        begin = text.rfind("\n", 0, begin - 1) + 1
    old = text[begin:end]
    new = old.replace(sabotage.old.rstrip("\n"), sabotage.new.rstrip("\n"))
    indent = min(indent_of(line) for line in old.split("\n") if line.strip())
    cut = [[line[indent:].rstrip() for line in each.split("\n") if line.strip()] for each in (old, new)]
    return text.count("\n", 0, begin) + 1, "\n".join(cut[0]), "\n".join(cut[1])


def write_offered(directory):
    offered = [each for each in SABOTAGES if each.offered]
    told = []
    for number, sabotage in enumerate(offered):
        text = (ROOT / sabotage.file).read_text(encoding="utf-8")
        place = directory / str(number)
        changed = place / sabotage.file
        changed.parent.mkdir(parents=True, exist_ok=True)
        changed.write_text(mutated(sabotage, text), encoding="utf-8")
        (place / "sources").write_text("\n".join(sources_with(sabotage.file)) + "\n", encoding="utf-8")
        line, old, new = whole_lines(sabotage, text)
        told.append({"name": sabotage.what, "file": sabotage.file, "line": line, "old": old, "new": new,
                     "program": sabotage.test.name.removeprefix("interleave: "),
                     "back_end": "softtlb" if sabotage.test.program.startswith("softtlb") else "walked",
                     "module": f"sabotage_{number}"})
    (directory / "sabotages.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


class Copy:
    """A private copy of the tree with its build."""

    def __init__(self, directory):
        self.tree = directory / "tree"
        self.build_dir = directory / "build"
        for name in COPIED:
            source, target = ROOT / name, self.tree / name
            for path in source.rglob("*") if source.is_dir() else [source]:
                if path.is_file():
                    self.bring(path, target / path.relative_to(source))
        # No warnings, because a sabotage may leave code unused; and no sanitizers.
        if not self.execute(["cmake", "--preset", "host-plain", "-B", self.build_dir, "-DCMAKE_CXX_FLAGS=-O1 -w"]):
            sys.exit(2)

    @staticmethod
    def bring(source, target):
        """Copies a file if it differs, with a new time: an object of an older run may come from a sabotage."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or source.read_bytes() != target.read_bytes():
            shutil.copy(source, target)

    def execute(self, command):
        """Whether it succeeded; prints why it did not."""
        done = subprocess.run(command, cwd=self.tree, capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stdout[-4000:], done.stderr[-4000:], sep="", file=sys.stderr)
        return done.returncode == 0

    def build(self, programs):
        return self.execute(["cmake", "--build", self.build_dir, "--target", *programs])

    def passes(self, test):
        spec = test.name.replace(",", "\\,")
        try:
            done = subprocess.run([self.build_dir / test.program, spec], capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            return False
        if "No test cases matched" in done.stdout + done.stderr:
            sys.exit(f"mutations.py: there is no test `{test.name}`")
        return done.returncode == 0


def row(sabotage, verdict):
    suite = "softtlb: " if sabotage.test.program.startswith("softtlb") else ""
    return (f"| {sabotage.what} | `{sabotage.file}` | `{suite}{sabotage.test.name.removeprefix(suite)}` | "
            f"{sabotage.invariant or '–'} | {verdict} |")


def run(chosen, directory):
    copy = Copy(directory)
    tests = {each.test for each in chosen}
    if not copy.build({each.program for each in tests}):
        sys.exit(2)
    for test in sorted(tests):
        if not copy.passes(test):
            sys.exit(f"mutations.py: `{test.name}` of {test.program} fails without any sabotage")
    missed = 0
    for sabotage in chosen:
        path = copy.tree / sabotage.file
        original = path.read_text(encoding="utf-8")
        path.write_text(mutated(sabotage, original), encoding="utf-8")
        verdict = "DOES NOT BUILD"
        if copy.build([sabotage.test.program]):
            verdict = "MISSED" if copy.passes(sabotage.test) else "caught"
        path.write_text(original, encoding="utf-8")
        missed += verdict != "caught"
        print(row(sabotage, verdict), flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} sabotages caught")
    return 1 if missed else 0


def part(text):
    """`2/3` as (2, 3)."""
    match = re.fullmatch(r"([0-9]{1,3})/([0-9]{1,3})", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"'{text}' is not N/M, the Nth of M parts")
    return int(match[1]), int(match[2])


def main():
    parser = argparse.ArgumentParser(description="Sabotages, and the tests that catch them.")
    parser.add_argument("--part", type=part, default=(1, 1))
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--offered", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.offered:
        write_offered(arguments.offered)
        return 0
    chosen = [each for each in SABOTAGES if arguments.only in each.what]
    nth, parts = arguments.part
    chosen = chosen[len(chosen) * (nth - 1) // parts:len(chosen) * nth // parts]
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
