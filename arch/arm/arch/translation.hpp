// What every change of an entry asks of the machine: a store that the table walkers see, and that TLBs drop what they hold. Inline,
// because each is two or three instructions.
#pragma once

#include "base/types.hpp"

namespace faultline::machine {

// Stores one translation-table descriptor. On return the walkers of all CPUs see it (DSB ISHST; ARM ARM B3.10.1).
inline void store_descriptor(u32* slot, u32 descriptor) {
    *static_cast<volatile u32*>(slot) = descriptor;
    asm volatile("dsb ishst" ::: "memory");
}

// What TLBIMVA takes: the page's number, and the ASID in the bits below.
inline u32 mva_and_asid(UserAddr page, Asid asid) {
    u32 mva = page.value();
    asm("bfi %0, %1, #0, #12" : "+r"(mva) : "r"(u32{asid.value()}));
    return mva;
}

// TLB invalidations, named after the ARM operation (ARM ARM B4.2.2). Each is complete on return (DSB ISH; ISB). Those
// called `inner_shareable` act on every CPU, the others on this CPU only. `page` may be any address within the page.
inline void tlb_invalidate_mva(UserAddr page, Asid asid) { // TLBIMVA
    asm volatile("mcr p15, 0, %0, c8, c7, 1\n\tdsb ish\n\tisb" ::"r"(mva_and_asid(page, asid)) : "memory");
}
inline void tlb_invalidate_mva_inner_shareable(UserAddr page, Asid asid) { // TLBIMVAIS
    asm volatile("mcr p15, 0, %0, c8, c3, 1\n\tdsb ish\n\tisb" ::"r"(mva_and_asid(page, asid)) : "memory");
}
inline void tlb_invalidate_asid(Asid asid) { // TLBIASID
    asm volatile("mcr p15, 0, %0, c8, c7, 2\n\tdsb ish\n\tisb" ::"r"(u32{asid.value()}) : "memory");
}
inline void tlb_invalidate_asid_inner_shareable(Asid asid) { // TLBIASIDIS
    asm volatile("mcr p15, 0, %0, c8, c3, 2\n\tdsb ish\n\tisb" ::"r"(u32{asid.value()}) : "memory");
}
inline void tlb_invalidate_all() { // TLBIALL
    asm volatile("mcr p15, 0, %0, c8, c7, 0\n\tdsb ish\n\tisb" ::"r"(0) : "memory");
}
inline void tlb_invalidate_all_inner_shareable() { // TLBIALLIS
    asm volatile("mcr p15, 0, %0, c8, c3, 0\n\tdsb ish\n\tisb" ::"r"(0) : "memory");
}

} // namespace faultline::machine
