// The text of /proc/faultline/tlb: one fact to a line, then one CPU to a line.
#include "abi/procfs/proc_tlb.hpp"

#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "arch/contract/machine.hpp"
#include "arch/contract/tlb.hpp"
#include "kernel/debug/tlb_check.hpp"

namespace faultline {

Result<void> show_tlb(const Inode&, SeqFile& out) {
    out.printf("mmu %s\n", mmu_name());
    out.printf("relaxing %s\n", tlb_config.relax == TlbRelax::Lazy ? "lazy" : "eager");
    if (tlb_config.check)
        out.printf("violations %u\n", tlb_violations());
    if (tlb_config.entries == 0)
        return {};
    out.printf("ad_bits %s\n", tlb_config.ad_bits == AdBits::Hardware ? "hardware" : "software");
    out.printf("entries %u\n", tlb_config.entries);
    out.text("cpu fills survivors evictions spurious flushes shootdowns\n");
    for (u32 cpu = 0; cpu < machine::MAX_CPUS; ++cpu) {
        TlbStatistics of;
        if (tlb_statistics(CpuId(static_cast<u8>(cpu)), of))
            out.printf("%u %u %u %u %u %u %u\n", cpu, of.fills, of.survivors, of.evictions, of.spurious, of.flushes,
                       of.shootdowns);
    }
    return {};
}

} // namespace faultline
