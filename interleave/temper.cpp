// The machines on which every program is tried (interleave/temper.hpp).
#include "interleave/temper.hpp"

#include <iterator>

namespace faultline::interleave {

namespace {

constexpr Temper TEMPERS[] = {
    {"tlb=lazy, TLBs that keep everything", {}},
    {"tlb=lazy, TLBs that prefetch", {.tlb = {.prefetch = true, .seed = 1}}},
    {"tlb=eager, TLBs that prefetch and evict",
     {.relax = TlbRelax::Eager, .tlb = {.evict = true, .prefetch = true, .seed = 2}}},
    {"ad_bits=hardware, TLBs that keep everything", {.ad_bits = AdBits::Hardware}},
};

} // namespace

// The last one is a machine that only a back end with a TLB filled by software can be.
std::span<const Temper> tempers(Tlbs tlbs) {
    const std::size_t many = std::size(TEMPERS) - (tlb_config.entries == 0 ? 1 : 0);
    return std::span(TEMPERS).first(tlbs == Tlbs::OneWillDo ? 1 : many);
}

} // namespace faultline::interleave
