// The parser of boot arguments. It keeps what it finds for the whole time that the machine runs, so its source is included
// here, where that can be forgotten between two inputs.
#include "kernel/cmdline.cpp"

#include <cstring>

#include "tests/fuzz/host/seams.hpp"

namespace faultline {

constinit TlbConfig tlb_config{.relax = TlbRelax::Lazy, .entries = MIN_TLB_ENTRIES};

namespace {

BootInfo info;

bool inside(const char* text) { return text >= words && text < words + sizeof words; }

void check_strings(const char* const* strings, u32 count, u32 room) {
    fuzz::require(count <= room, "too many strings");
    for (u32 i = 0; i < count; ++i) {
        const char* const text = strings[i];
        const bool preset = std::strcmp(text, "HOME=/") == 0 || std::strcmp(text, "TERM=linux") == 0;
        fuzz::require(inside(text) || preset, "a string lies elsewhere");
        if (inside(text))
            fuzz::require(std::memchr(text, '\0', static_cast<std::size_t>(words + sizeof words - text)) != nullptr,
                          "a string has no end");
    }
}

} // namespace

const BootInfo& boot_info() { return info; }

} // namespace faultline

using namespace faultline;

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    if (size >= BootInfo::COMMAND_LINE_SIZE)
        return -1;
    init = {};
    mm_config = {};
    tlb_config = {.relax = TlbRelax::Lazy, .entries = MIN_TLB_ENTRIES};
    std::memset(words, 0, sizeof words);
    std::memset(info.command_line, 0, sizeof info.command_line);
    std::memcpy(info.command_line, data, size);
    if (!fuzz::refused_or_done([] { parse_boot_arguments(info.command_line); }))
        return 0;
    fuzz::require(init.path != nullptr && init.path[0] != '\0', "no path");
    check_strings(init.arguments, init.argument_count, InitArguments::MAX_STRINGS);
    check_strings(init.environment, init.environment_count, InitArguments::MAX_STRINGS + 2);
    fuzz::require(tlb_config.entries >= MIN_TLB_ENTRIES && tlb_config.entries <= MAX_TLB_ENTRIES, "a TLB of no size");
    return 0;
}
