// The list of all presets (interleave/preset.hpp).
#include <algorithm>
#include <vector>

#include "interleave/preset.hpp"

namespace faultline::interleave {

std::span<const Preset> presets() {
    static const std::vector<Preset> ALL = [] {
        std::vector<Preset> all;
        for (const auto& part :
             {ENTRY_PROGRAMS, AD_BITS_PROGRAMS, PAGE_PROGRAMS, SWITCH_PROGRAMS, FUTEX_PROGRAMS, PI_PROGRAMS,
              LOCK_PROGRAMS, WRITEBACK_PROGRAMS, RECLAIM_PROGRAMS, SWAP_PROGRAMS, POISON_PROGRAMS, STORM_PROGRAMS})
            all.insert(all.end(), part.begin(), part.end());
        return all;
    }();
    return ALL;
}

const Preset* find_preset(std::string_view name) {
    const auto all = presets();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Preset& each) { return each.name == name; });
    return found != all.end() ? &*found : nullptr;
}

} // namespace faultline::interleave
