// A set of processors as text.
#include "abi/procfs/cpu_list.hpp"

#include "abi/fs/file.hpp"
#include "abi/fs/seq_file.hpp"

namespace faultline {

void show_cpu_list(SeqFile& out, CpuMask cpus) {
    const u32 end = cpus.end_number();
    const char* separator = "";
    for (u32 first = 0; first < end; ++first) {
        if (!cpus.has(first))
            continue;
        u32 last = first;
        while (last + 1 < end && cpus.has(last + 1))
            ++last;
        out.printf("%s%u", separator, static_cast<unsigned>(first));
        if (last != first)
            out.printf("-%u", static_cast<unsigned>(last));
        first = last;
        separator = ",";
    }
}

} // namespace faultline
