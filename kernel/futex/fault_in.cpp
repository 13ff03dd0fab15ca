// The five repairs. Each is one call. They differ in what that call does to the page-table entry.
#include "kernel/futex/fault_in.hpp"

#include <array>
#include <atomic>
#include <string_view>

#include "base/trace.hpp"
#include "mm/config.hpp"
#include "mm/gup.hpp"
#include "mm/mm_struct.hpp"
#include "mm/out_of_memory.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

constinit FaultIn fault_in_policy = FaultIn::Fixup;

namespace {

constexpr std::array<const char*, 5> NAMES = {"gup", "gup_dirty", "fixup_2011", "fixup", "trap"};

constinit std::atomic<u64> calls{0};

// Calls get_user_pages for its effect on the entry. It keeps no page, so it takes no reference.
Result<void> gup_for_write(MmStruct& mm, UserAddr address, FollFlags more) {
    TRY(retry_without_memory(
        [&] { return get_user_pages(MmapReadGuard(mm), address.page(), 1, FOLL_WRITE | FOLL_TOUCH | more, nullptr); }));
    return {};
}

Result<void> repair(MmStruct& mm, UserAddr address) {
    switch (fault_in_policy) {
    case FaultIn::Gup:
    case FaultIn::Trap:
        return gup_for_write(mm, address, FOLL_NONE);
    case FaultIn::GupDirty:
        return gup_for_write(mm, address, FOLL_ACCESSIBLE);
    case FaultIn::Fixup2011:
        return retry_without_memory([&] { return fixup_user_fault_2011(mm, address, FAULT_FLAG_WRITE); });
    case FaultIn::Fixup:
        // Neither ALLOW_RETRY nor KILLABLE: a robust list is walked to its end whatever signals are pending.
        return retry_without_memory([&] { return fixup_user_fault(mm, address, FAULT_FLAG_WRITE); });
    }
    BUG();
}

} // namespace

void set_fault_in_policy(FaultIn policy) {
    fault_in_policy = policy;
    mm_config.repair_in_trap = policy == FaultIn::Trap;
}

bool parse_fault_in(const char* text, FaultIn& policy) {
    for (u32 i = 0; i < NAMES.size(); ++i) {
        if (std::string_view(text) == NAMES[i]) {
            policy = static_cast<FaultIn>(i);
            return true;
        }
    }
    return false;
}

const char* fault_in_name(FaultIn policy) { return NAMES[static_cast<u32>(policy)]; }

Result<void> fault_in_user_writeable(UserAddr address) {
    TRACE(AttemptFailed, address);
    TRACE(RepairCalled, address, fault_in_policy);
    calls.fetch_add(1, std::memory_order_relaxed);
    const auto repaired = repair(*current_mm_task().mm, address);
    if (!repaired.ok())
        TRACE(RepairFailed, address, -static_cast<s32>(repaired.error()));
    return repaired;
}

u64 futex_faultin_count() { return calls.load(std::memory_order_relaxed); }

} // namespace faultline
