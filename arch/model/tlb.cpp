// One CPU's modelled TLB (arch/model/tlb.hpp).
#include "arch/model/tlb.hpp"

namespace faultline::model {

const TlbEntry* Tlb::find(u32 address, u8 asid) const {
    for (const u32 tag : {u32{asid}, GLOBAL})
        if (const auto found = entries_.find({address >> PAGE_SHIFT, tag}); found != entries_.end())
            return &found->second;
    return nullptr;
}

const WalkEntry* Tlb::find_walk(u32 address, u8 asid) const {
    const auto found = walks_.find({address >> 20, asid});
    return found != walks_.end() ? &found->second : nullptr;
}

void Tlb::insert(const TlbEntry& entry) {
    entries_.try_emplace({entry.page >> PAGE_SHIFT, entry.mapping.ng ? u32{entry.asid} : GLOBAL}, entry);
}

void Tlb::insert_walk(const WalkEntry& entry) { walks_.try_emplace({entry.megabyte, entry.asid}, entry); }

void Tlb::invalidate_mva(u32 address, u8 asid) {
    std::erase_if(entries_, [=](const auto& item) {
        const TlbEntry& entry = item.second;
        const u32 first = entry.page & ~(entry.mapping.size - 1);
        return address - first < entry.mapping.size && (!entry.mapping.ng || entry.asid == asid);
    });
    walks_.erase({address >> 20, asid});
}

void Tlb::invalidate_asid(u8 asid) {
    std::erase_if(entries_, [=](const auto& item) { return item.first.second == asid; });
    std::erase_if(walks_, [=](const auto& item) { return item.first.second == asid; });
}

void Tlb::invalidate_all() {
    entries_.clear();
    walks_.clear();
}

void Tlb::evict_some(std::mt19937_64& random) {
    std::erase_if(entries_, [&](const auto&) { return random() % 4 == 0; });
    std::erase_if(walks_, [&](const auto&) { return random() % 4 == 0; });
}

} // namespace faultline::model
