// How much a message in a socket counts against the socket that sent it: as much as Linux's buffer for it takes, so that a
// socket is full here at the same message. The buffers here are smaller. (Linux 6.1 on ARM: SKB_TRUESIZE, __alloc_skb,
// alloc_skb_with_frags; net/core/sock.c sk_init.)
//
//   message ─┬─ head ──► struct sk_buff, and one kmalloc of the bytes and a skb_shared_info
//            └─ rest ──► whole pages
#pragma once

#include <bit>

#include "base/types.hpp"

namespace faultline {

// In bytes.
inline constexpr u32 SMP_CACHE_BYTES = 64;
inline constexpr u32 SK_BUFF_BYTES = 192, SKB_SHARED_INFO_BYTES = 256; // as aligned to a cache line
inline constexpr u32 SKB_PAGE_BYTES = 4096, MAX_SKB_FRAGS = 17;
inline constexpr u32 SKB_MAX_ALLOC = 4 * SKB_PAGE_BYTES - SKB_SHARED_INFO_BYTES; // the largest head of a datagram
inline constexpr u32 SKB_MAX_HEAD = SKB_PAGE_BYTES - SKB_SHARED_INFO_BYTES;      // and of a part of a stream

// net.core.wmem_default: 256 packets of 256 bytes each.
inline constexpr u32 SK_SNDBUF = 256 * (256 + SK_BUFF_BYTES + SKB_SHARED_INFO_BYTES);

// A datagram may have so many bytes; of a longer write to a stream, each such part is sent, or not, as a whole.
inline constexpr u32 DGRAM_MAX = SK_SNDBUF - 32;
inline constexpr u32 STREAM_PART_MAX = SKB_MAX_HEAD + 8 * SKB_PAGE_BYTES;

// What kmalloc gives for so many bytes. (Linux: kmalloc_size_roundup, with SLUB.)
constexpr u32 kmalloc_size_roundup(u32 bytes) {
    if (bytes <= 64)
        return 64;
    if (bytes > 128 && bytes <= 192)
        return 192;
    return std::bit_ceil(bytes);
}

constexpr u32 skb_truesize(u32 head, u32 pages) {
    const u32 aligned = (head + SMP_CACHE_BYTES - 1) / SMP_CACHE_BYTES * SMP_CACHE_BYTES;
    return SK_BUFF_BYTES + kmalloc_size_roundup(aligned + SKB_SHARED_INFO_BYTES) + pages * SKB_PAGE_BYTES;
}

// Of a message with `bytes` bytes; the head has at most `most`, if the rest fits into the pages.
constexpr u32 message_truesize(u32 bytes, u32 most) {
    if (bytes <= most)
        return skb_truesize(bytes, 0);
    const u32 needed = (bytes - most + SKB_PAGE_BYTES - 1) / SKB_PAGE_BYTES;
    const u32 pages = needed < MAX_SKB_FRAGS ? needed : MAX_SKB_FRAGS;
    const u32 rest = pages * SKB_PAGE_BYTES;
    return skb_truesize(bytes > rest ? bytes - rest : 0, pages);
}
constexpr u32 dgram_truesize(u32 bytes) { return message_truesize(bytes, SKB_MAX_ALLOC); }
constexpr u32 stream_truesize(u32 bytes) { return message_truesize(bytes, SKB_MAX_HEAD); }

} // namespace faultline
