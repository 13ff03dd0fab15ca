// /proc/cpu/alignment: how many unaligned accesses of programs there were, and what is done with them. (Linux
// arch/arm/mm/alignment.c alignment_proc_show.)
#include "abi/procfs/procfs.hpp"
#include "kernel/alignment.hpp"

namespace faultline {

// The kernel makes none itself, and the processor makes those of one half and one word.
Result<void> show_alignment(const Inode&, SeqFile& out) {
    static constexpr const char* actions[UM_MAX + 1] = {"ignored",    "warn",   "fixup",
                                                        "fixup+warn", "signal", "signal+warn"};
    const AlignmentCounts& counts = alignment_counts();
    const auto value = [](const std::atomic<u32>& counter) {
        return static_cast<unsigned>(counter.load(std::memory_order_relaxed));
    };
    const u32 mode = alignment_mode();
    out.printf("User:\t\t%u\nSystem:\t\t0 (0x0)\nSkipped:\t%u\nHalf:\t\t0\nWord:\t\t0\n", value(counts.user),
               value(counts.skipped));
    out.printf("DWord:\t\t%u\nMulti:\t\t%u\nUser faults:\t%u (%s)\n", value(counts.dword), value(counts.multi),
               static_cast<unsigned>(mode), actions[mode]);
    return {};
}

// The first character counts; what is no mode is ignored, as on Linux.
Result<void> write_alignment(const Inode&, std::string_view text) {
    if (!text.empty() && text[0] >= '0' && text[0] <= '5')
        set_alignment_mode(static_cast<u32>(text[0] - '0'));
    return {};
}

} // namespace faultline
