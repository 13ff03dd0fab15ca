// DFSR values written out by hand from ARM DDI 0406C B4.1.52 and table B3-23; `kind` is what fault_kind_name returns.
#pragma once

#include <cstdint>
#include <string_view>

namespace faultline::golden {

struct DataFaultStatus {
    std::uint32_t dfsr;
    std::string_view kind;
    unsigned level; // 0: not reported
    bool write;
    unsigned domain;
    unsigned fault_status; // FS[4:0]
};

inline constexpr DataFaultStatus DATA_FAULTS[] = {
    {0x0000'0001, "alignment fault", 0, false, 0, 0x01},   {0x0000'0801, "alignment fault", 0, true, 0, 0x01},
    {0x0000'0002, "debug event", 0, false, 0, 0x02},       {0x0000'0805, "translation fault", 1, true, 0, 0x05},
    {0x0000'0005, "translation fault", 1, false, 0, 0x05}, {0x0000'0817, "translation fault", 2, true, 1, 0x07},
    {0x0000'0003, "access flag fault", 1, false, 0, 0x03}, {0x0000'0806, "access flag fault", 2, true, 0, 0x06},
    {0x0000'0039, "domain fault", 1, false, 3, 0x09},      {0x0000'08fb, "domain fault", 2, true, 15, 0x0b},
    {0x0000'080d, "permission fault", 1, true, 0, 0x0d},   {0x0000'080f, "permission fault", 2, true, 0, 0x0f},
    {0x0000'000f, "permission fault", 2, false, 0, 0x0f},  {0x0000'0008, "external abort", 0, false, 0, 0x08},
    {0x0000'1808, "external abort", 0, true, 0, 0x08},  // ExT
    {0x0000'0406, "external abort", 0, false, 0, 0x16}, // asynchronous
    {0x0000'0408, "external abort", 0, false, 0, 0x18}, // asynchronous parity
    {0x0000'0409, "external abort", 0, false, 0, 0x19}, // synchronous parity
    {0x0000'000c, "external abort", 1, false, 0, 0x0c},    {0x0000'000e, "external abort", 2, false, 0, 0x0e},
    {0x0000'040c, "external abort", 1, false, 0, 0x1c},    {0x0000'040e, "external abort", 2, false, 0, 0x1e},
    {0x0000'0004, "unknown fault", 0, false, 0, 0x04}, // instruction cache maintenance
    {0x0000'0400, "unknown fault", 0, false, 0, 0x10}, // TLB conflict
    {0x0000'0000, "unknown fault", 0, false, 0, 0x00}, // reserved
};

} // namespace faultline::golden
