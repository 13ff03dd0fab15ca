// A software page-table entry in words.
#include "kernel/debug/describe_pte.hpp"

#include "base/format.hpp"
#include "mm/swap_entry.hpp"

namespace faultline {

std::size_t describe_pte(Pte pte, char* buffer, std::size_t size) {
    if (pte_none(pte))
        return scnprintf(buffer, size, "none");
    if (is_swap_pte(pte)) {
        const SwapEntry entry = pte_to_swp_entry(pte);
        if (is_hwpoison_entry(entry))
            return scnprintf(buffer, size, "lost with frame 0x%x", static_cast<unsigned>(entry.offset()));
        return scnprintf(buffer, size, "swap area %u slot %u", static_cast<unsigned>(entry.type()),
                         static_cast<unsigned>(entry.offset()));
    }
    return scnprintf(buffer, size, "frame 0x%x %s %s %s %s %s %s%s%s", pte_pfn(pte).value(),
                     pte_present(pte) ? "present" : "not-present", pte_young(pte) ? "young" : "old",
                     pte_dirty(pte) ? "dirty" : "clean", pte_write(pte) ? "write" : "read-only",
                     pte_user(pte) ? "user" : "no-user", pte_exec(pte) ? "exec" : "noexec",
                     pte.has(Pte::SHARED) ? " shared" : "", pte_special(pte) ? " special" : "");
}

} // namespace faultline
