// A set of processors as text.
#include "abi/procfs/cpu_list.hpp"

#include <bit>

#include "abi/fs/file.hpp"
#include "abi/fs/seq_file.hpp"

namespace faultline {

void show_cpu_list(SeqFile& out, u32 cpus) {
    for (const char* separator = ""; cpus != 0; separator = ",") {
        const u32 first = static_cast<u32>(std::countr_zero(cpus));
        const u32 count = static_cast<u32>(std::countr_one(cpus >> first));
        out.printf("%s%u", separator, static_cast<unsigned>(first));
        if (count > 1)
            out.printf("-%u", static_cast<unsigned>(first + count - 1));
        cpus &= ~(((count < 32 ? 1u << count : 0u) - 1) << first);
    }
}

} // namespace faultline
