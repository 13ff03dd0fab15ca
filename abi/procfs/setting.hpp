// Entries of /proc that show or set one number.
#pragma once

#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/procfs/procfs.hpp"
#include "abi/task/pid.hpp"

namespace faultline {

inline constexpr u32 INT_MOST = ~u32{0} >> 1; // a setting that is an int on Linux, and not negative

template <auto Number>
Result<void> show_number(const Inode&, SeqFile& out) {
    out.printf("%llu\n", static_cast<unsigned long long>(Number()));
    return {};
}

// A setting that is 0 or 1.
template <void (*Set)(bool)>
Result<void> write_flag(const Inode&, std::string_view text) {
    const s32 value = parse_pid(text);
    if (value < 0 || value > 1)
        return Err(Errno::INVAL);
    Set(value == 1);
    return {};
}

// A setting that is a number from `Least` to `Most`.
template <Relaxed<u32>& Setting, u32 Most = INT_MOST, u32 Least = 0>
Result<void> write_setting(const Inode&, std::string_view text) {
    const u64 value = TRY(parse_unsigned(text));
    if (value < Least || value > Most)
        return Err(Errno::INVAL);
    Setting = static_cast<u32>(value);
    return {};
}
template <Relaxed<u32>& Setting, u32 Most = INT_MOST, u32 Least = 0>
constexpr ProcEntry setting(const char* name) {
    return {.name = name,
            .show = show_number<[] { return u32{Setting}; }>,
            .write = write_setting<Setting, Most, Least>,
            .mode = S_IFREG | 0644};
}

} // namespace faultline
