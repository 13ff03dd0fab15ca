// /proc/cpuinfo, as ARM has it (Linux arch/arm/kernel/setup.c c_show).
#include <arch/cpu_id.hpp>

#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/process/hwcap.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

constexpr struct {
    u32 bit;
    const char* name;
} features[] = {
    {HWCAP_HALF, "half"},   {HWCAP_THUMB, "thumb"}, {HWCAP_FAST_MULT, "fastmult"}, {HWCAP_VFP, "vfp"},
    {HWCAP_EDSP, "edsp"},   {HWCAP_NEON, "neon"},   {HWCAP_VFPv3, "vfpv3"},        {HWCAP_TLS, "tls"},
    {HWCAP_VFPv4, "vfpv4"}, {HWCAP_IDIVA, "idiva"}, {HWCAP_IDIVT, "idivt"},        {HWCAP_VFPD32, "vfpd32"},
    {HWCAP_LPAE, "lpae"},
};

// The part about one CPU. It shows the registers of the running CPU, because all are alike.
void show_cpu(SeqFile& out, u32 cpu) {
    const u32 midr = read_cpuid_id();
    out.printf("processor\t: %u\nmodel name\t: ARMv7 Processor rev %u (v7l)\nFeatures\t: ", static_cast<unsigned>(cpu),
               static_cast<unsigned>(midr & 0xf));
    for (const auto& feature : features)
        if ((ELF_HWCAP & feature.bit) != 0)
            out.printf("%s ", feature.name);
    out.printf("\nCPU implementer\t: 0x%02x\nCPU architecture: 7\nCPU variant\t: 0x%x\nCPU part\t: 0x%03x\n"
               "CPU revision\t: %u\n\n",
               static_cast<unsigned>(midr >> 24), static_cast<unsigned>(midr >> 20 & 0xf),
               static_cast<unsigned>(midr >> 4 & 0xfff), static_cast<unsigned>(midr & 0xf));
}

} // namespace

Result<void> show_cpuinfo(const Inode&, SeqFile& out) {
    for (const u32 cpu : cpus_online())
        show_cpu(out, cpu);
    out.text("Hardware\t: Generic DT based system\nRevision\t: 0000\nSerial\t\t: 0000000000000000\n");
    return {};
}

} // namespace faultline
