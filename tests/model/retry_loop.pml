/*
 * The retry loop of a futex operation that writes user memory with page faults disabled (kernel/futex/wake_op.cpp),
 * with each of the five repairs of kernel/futex/fault_in.cpp, on one or two CPUs. docs/model.md explains it and its
 * counterexamples. run.sh defines REPAIR, MACHINE and START as a word of the first, second and third line below, and
 * checks every combination.
 *   one_cpu: the two threads share a CPU. eager, lazy: two CPUs; a relaxed entry is flushed on both, or on one
 *   hardware: like lazy, on a machine that sets young and dirty itself
 *   anything: any of the starts before it, and a rest of the kernel that goes on changing the entry
 */
mtype = { gup, gup_dirty, fixup_2011, fixup, trap };      /* REPAIR */
mtype = { one_cpu, eager, lazy, hardware };               /* MACHINE */
mtype = { clean, old, stale, read_only, cow, anything };  /* START */

#define OTHER (MACHINE == one_cpu -> 0 : 1)  /* the CPU on which the program's other thread runs */
#define starts(state) (START == state || START == anything)

/* ---- State: truth, and what each CPU remembers of it ---------------------------------------------------------- */

#define PRESENT 1
#define YOUNG   2
#define WRITE   4
#define DIRTY   8
#define has(pte, bits)    (((pte) & (bits)) == (bits))
#define with_if(on, bits) (on -> bits : 0)

byte entry;             /* the software entry (arch/contract/pte.hpp); 0: none */
bool page_anon;         /* its page is anonymous: not a file's, not the zero page */
bool page_forked;       /* and a child has it too */
#define page_own (page_anon && !page_forked)
bool vma_shared, vma_write;
bool page_table_lock;

/* What a machine may do with the page, in rising order. The law of the software bits: arch/backend/descriptor.hpp. */
#define NOTHING    0
#define READ_ONLY  1
#define READ_WRITE 2
#define machine_sees(pte) \
    (!has(pte, PRESENT | YOUNG) -> NOTHING : (has(pte, WRITE | DIRTY) -> READ_WRITE : READ_ONLY))

byte tlb[2];            /* per CPU. NOTHING: no entry; a TLB keeps none that permits nothing (arch/contract/mmu.hpp) */
byte flushes_owed;      /* permissions that were taken away and not yet flushed from every TLB */
bool begun;             /* the futex call */
byte left;              /* how often the rest of the kernel will still change the entry */

/* ---- The machine: a TLB that keeps an entry until a flush drops it -------------------------------------------- */

/* Each process below has these of its own: `orig` is vmf.orig_pte, the others are results of the inlines. */
#define LOCALS byte orig; bool allowed, changed, repaired, failed

inline try_access(cpu, writing) {
    atomic {
        if
        :: tlb[cpu] == NOTHING -> tlb[cpu] = machine_sees(entry)  /* a miss: the tables are walked */
        :: else
        fi;
        allowed = tlb[cpu] > (writing -> READ_ONLY : NOTHING);
        if
        :: MACHINE == hardware && !allowed && has(entry, PRESENT | with_if(writing, WRITE)) ->
            entry = entry | YOUNG | with_if(writing, DIRTY);  /* arch/softtlb/refill.cpp: set_ad_bits */
            tlb[cpu] = machine_sees(entry);
            allowed = true
        :: else
        fi;
        assert(!allowed || !writing || vma_write)  /* no write where the VMA forbids it */
    }
}

inline flush_here(cpu) { tlb[cpu] = NOTHING }

inline flush_tlb_page() {
    flush_here(0);
    atomic { flush_here(1); flushes_owed-- }
}

/* Takes permissions away; flush_tlb_page() is owed. */
inline restrict(pte) { atomic { entry = pte; flushes_owed++ } }

inline lock()   { atomic { !page_table_lock -> page_table_lock = true } }
inline unlock() { page_table_lock = false }

/* arch/backend/entry.cpp. The one place where eager and lazy differ. */
inline ptep_set_access_flags(cpu, added) {
    changed = !has(entry, added);
    if
    :: changed ->
        entry = entry | (added);
        flush_here(cpu);
        if
        :: MACHINE == eager -> flush_here(1 - cpu)
        :: else
        fi
    :: else
    fi
}

/* ---- mm/memory.cpp: handle_mm_fault --------------------------------------------------------------------------- */

inline do_fault(writing) {
    lock();
    if
    :: !has(entry, PRESENT) ->
        atomic {
            entry = PRESENT | YOUNG | with_if(writing, DIRTY) | with_if(vma_write && (vma_shared || writing), WRITE);
            page_anon = writing && !vma_shared;
            page_forked = false
        }
    :: else
    fi;
    unlock()
}

inline wp_page_copy() {
    lock();
    if
    :: entry == orig ->
        assert(!vma_shared);  /* what is shared stays shared */
        restrict(0);
        flush_tlb_page();
        atomic {
            entry = PRESENT | YOUNG | DIRTY | with_if(vma_write, WRITE);
            page_anon = true;
            page_forked = false
        }
    :: else
    fi;
    unlock()
}

inline do_wp_page(cpu) {
    lock();
    if
    :: entry != orig ->
        unlock()
    :: entry == orig && (page_own || (vma_shared && vma_write)) ->  /* wp_page_reuse */
        ptep_set_access_flags(cpu, YOUNG | DIRTY | with_if(vma_write, WRITE));
        unlock()
    :: else ->
        unlock();  /* allocating may sleep */
        wp_page_copy()
    fi
}

inline make_accessible(cpu, writing) {
    lock();
    if
    :: entry == orig ->
        ptep_set_access_flags(cpu, YOUNG | with_if(writing, DIRTY));
        if
        :: !changed && writing -> flush_here(cpu)  /* flush_tlb_fix_spurious_fault */
        :: else
        fi
    :: else  /* the entry has changed: the access is tried again */
    fi;
    unlock()
}

inline handle_mm_fault(cpu, writing) {
    orig = entry;
    if
    :: !has(orig, PRESENT) -> do_fault(writing)
    :: has(orig, PRESENT) && writing && !has(orig, WRITE) -> do_wp_page(cpu)
    :: else -> make_accessible(cpu, writing)
    fi
}

/* ---- mm/fault.cpp: what the abort handler does before it checks whether faults are disabled ------------------ */

inline pmap_fault_fixup(cpu, writing) {
    lock();
    repaired = has(entry, PRESENT | with_if(writing, WRITE));
    if
    :: repaired ->
        ptep_set_access_flags(cpu, YOUNG | with_if(writing, DIRTY));
        if
        :: !changed -> flush_here(cpu)
        :: else
        fi
    :: else
    fi;
    unlock()
}

/* A load or store. If `allowed` is false afterwards, it has faulted: the caller handles the fault, or gives up. */
inline access(cpu, writing) {
    do
    ::  try_access(cpu, writing);
        if
        :: !allowed && REPAIR == trap ->
            pmap_fault_fixup(cpu, writing);
            if
            :: repaired  /* FaultOutcome::Retry */
            :: else -> break
            fi
        :: else -> break
        fi
    od
}

/* ---- kernel/futex/fault_in.cpp: the five repairs, and what they call in mm/gup.cpp ----------------------------- */

inline get_user_pages(cpu, wanted) {
    failed = !vma_write;
    do
    :: failed -> break
    :: else ->
        lock();
        orig = entry;  /* follow_page */
        unlock();
        if
        :: has(orig, wanted) -> break
        :: else -> handle_mm_fault(cpu, true)
        fi
    od
}

inline fault_in_gup(cpu)        { get_user_pages(cpu, PRESENT | WRITE) }
inline fault_in_gup_dirty(cpu)  { get_user_pages(cpu, PRESENT | WRITE | YOUNG | DIRTY) }
inline fault_in_fixup_2011(cpu) { failed = false; handle_mm_fault(cpu, true) }
inline fault_in_fixup(cpu) {
    failed = !vma_write;
    if
    :: failed
    :: else -> handle_mm_fault(cpu, true)
    fi
}
inline fault_in_trap(cpu)       { fault_in_gup(cpu) }

/* ---- The loop ------------------------------------------------------------------------------------------------- */

#define paste(a, b) a##b
#define the(function, repair) paste(function, repair)

/* Operation after operation on one word, on CPU 0. Each must end: with the word written, or with EFAULT. */
active proctype futex() {
    LOCALS;
    begun;
again:
    access(0, true);  /* under the bucket lock, page faults disabled */
    if
    :: allowed -> goto progress
    :: else  /* EFAULT; unlocked */
    fi;
    the(fault_in_, REPAIR)(0);
    if
    :: failed
    :: else -> goto again
    fi;
progress:
    goto again
}

/* ---- The surroundings: where the entry came from, and what may happen to it meanwhile ------------------------- */

/* The program has read the page; or it has written the page, which was then aged. */
inline set_up() {
    vma_shared = true;
    vma_write = true;
    if
    :: starts(clean)     -> entry = PRESENT | YOUNG | WRITE
    :: starts(stale)     -> entry = PRESENT | YOUNG | WRITE  /* and the other thread writes before the call */
    :: starts(old)       -> entry = PRESENT | WRITE | DIRTY
    :: starts(read_only) -> entry = PRESENT | YOUNG; vma_write = false
    :: starts(cow)       -> entry = PRESENT | YOUNG; vma_shared = false; page_anon = true; page_forked = true
    fi;
    tlb[0] = machine_sees(entry);
    tlb[OTHER] = machine_sees(entry);
    left = (START == anything -> 2 : 0);
    begun = (START != stale)
}

/* The program's other thread. Its faults are always handled. */
active proctype thread() {
    LOCALS;
    bool writing;
    atomic { set_up() }
    do
    ::  atomic {
            if
            :: !begun -> writing = true
            :: begun && left > 0 ->
                left--;
                if
                :: writing = false
                :: vma_write -> writing = true
                fi
            :: else -> break
            fi
        }
        do
        ::  access(OTHER, writing);
            if
            :: allowed -> break
            :: else -> handle_mm_fault(OTHER, writing)
            fi
        od;
        begun = true
    od
}

/* The rest of the kernel. It takes permissions away first in the entry, then in every TLB. */
active proctype others() {
    begun;
    do
    ::  atomic {
            if
            :: left > 0 -> left--
            :: else -> break
            fi
        }
        if
        :: page_forked -> page_forked = false  /* the child is gone: the page may be reused */
        :: true ->
            lock();
            if
            :: restrict(entry & ~YOUNG)                          /* ageing */
            :: restrict(0)                                       /* reclaim */
            :: vma_shared -> restrict(entry & ~(WRITE | DIRTY))  /* writeback */
            :: !vma_shared -> restrict(entry & ~WRITE);          /* fork */
                page_forked = has(entry, PRESENT)
            fi;
            unlock();
            flush_tlb_page()
        fi
    od
}

#ifdef LAW
/* The law of arch/contract/mmu.hpp: when no flush is owed, no TLB permits more than truth. */
active proctype law() {
end:
    atomic { flushes_owed == 0 && (tlb[0] > machine_sees(entry) || tlb[1] > machine_sees(entry)) -> assert(false) }
}
#endif
