// The device tree reader. The loader vouches for the tree's place and for the size in its header, and for nothing else.
#include <cstring>

#include "arch/arm/setup.hpp"
#include "tests/fuzz/host/seams.hpp"

using namespace faultline;

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    constexpr std::size_t HEADER = 40; // Devicetree Specification v0.3, 5.2
    if (size < HEADER)
        return -1;
    const auto tree = fuzz::exact_copy(data, size);
    const u32 total = static_cast<u32>(size); // the size in the header, in big-endian order
    const u8 bytes[] = {static_cast<u8>(total >> 24), static_cast<u8>(total >> 16), static_cast<u8>(total >> 8),
                        static_cast<u8>(total)};
    std::memcpy(&tree[4], bytes, sizeof bytes);
    static BootInfo info;
    info = {};
    if (fuzz::refused_or_done([&] { device_tree_parse(tree.get(), info); })) {
        fuzz::require(std::memchr(info.command_line, '\0', sizeof info.command_line) != nullptr,
                      "the command line has no end");
        fuzz::require(info.virtio_count <= BootInfo::MAX_VIRTIO, "too many transports");
        fuzz::require(info.rng_seed_bytes <= BootInfo::RNG_SEED_SIZE, "too long a seed");
    }
    return 0;
}
