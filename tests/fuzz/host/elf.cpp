// The reader of ELF headers, over a file that is the input. What is mapped for them is up to the real kernel
// (tests/fuzz/calls/elf_files.cpp).
#include <algorithm>
#include <cstring>

#include "abi/fs/file.hpp"
#include "abi/fs/regular.hpp"
#include "abi/process/elf_file.hpp"
#include "tests/fuzz/host/seams.hpp"

namespace faultline {

namespace {
const u8* contents;
std::size_t length;
} // namespace

// abi/fs/regular.hpp: reads what there is.
Result<u32> kernel_read(File&, void* buffer, u32 bytes, u64 position) {
    if (position >= length)
        return 0u;
    const auto there = static_cast<u32>(std::min<u64>(bytes, length - position));
    std::memcpy(buffer, contents + position, there);
    return there;
}

} // namespace faultline

using namespace faultline;

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    contents = data;
    length = size;
    alignas(File) static std::byte place[sizeof(File)]; // only passed on
    const std::size_t before = fuzz::objects_in_use;
    {
        ElfFile elf;
        if (elf.read(reinterpret_cast<File&>(place)).ok()) {
            fuzz::require(elf.count() != 0 && elf.count() * sizeof(Elf32_Phdr) <= PAGE_SIZE, "a bad number of headers");
            u32 loaded = 0;
            for (const Elf32_Phdr& one : elf)
                loaded += one.p_type == PT_LOAD ? 1 : 0;
            fuzz::require((loaded != 0) == (elf.first(PT_LOAD) != nullptr), "a segment is not found");
            fuzz::require((loaded != 0) == (elf.last(PT_LOAD) != nullptr), "a segment is not found");
            static_cast<void>(elf.loadable() || elf.movable());
        }
    }
    fuzz::require(fuzz::objects_in_use == before, "headers are not freed");
    return 0;
}
