// What every change of an entry asks of the machine, as arch/arm/arch/translation.hpp describes it. arch/model/contract.cpp.
#pragma once

#include "base/types.hpp"

namespace faultline::machine {

void store_descriptor(u32* slot, u32 descriptor);
void tlb_invalidate_mva(UserAddr page, Asid asid);
void tlb_invalidate_mva_inner_shareable(UserAddr page, Asid asid);
void tlb_invalidate_asid(Asid asid);
void tlb_invalidate_asid_inner_shareable(Asid asid);
void tlb_invalidate_all();
void tlb_invalidate_all_inner_shareable();

} // namespace faultline::machine
