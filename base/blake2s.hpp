// BLAKE2s (RFC 7693): a hash of 32 bytes, with a key or without.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/types.hpp"

namespace faultline {

class Blake2s {
  public:
    static constexpr u32 HASH_BYTES = 32, BLOCK_BYTES = 64;
    using Hash = std::array<u8, HASH_BYTES>;

    Blake2s() : Blake2s(nullptr, 0) {}
    explicit Blake2s(const Hash& key) : Blake2s(key.data(), HASH_BYTES) {}

    void update(const void* data, u32 bytes) {
        const auto* from = static_cast<const u8*>(data);
        while (bytes != 0) {
            if (used_ == BLOCK_BYTES) // not before there is more: the last block is another case
                compress(false);
            const u32 part = std::min(bytes, BLOCK_BYTES - used_);
            std::memcpy(&buffer_[used_], from, part);
            used_ += part;
            from += part;
            bytes -= part;
        }
    }

    Hash final() {
        std::fill(buffer_.begin() + used_, buffer_.end(), u8{0});
        compress(true);
        Hash hash;
        std::memcpy(hash.data(), state_.data(), HASH_BYTES);
        return hash;
    }

  private:
    static constexpr std::array<u32, 8> IV{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                           0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    static constexpr u8 SIGMA[10][16] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
        {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
        {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
        {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
        {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

    Blake2s(const void* key, u32 key_bytes) : state_(IV) {
        state_[0] ^= 0x01010000 | key_bytes << 8 | HASH_BYTES;
        if (key_bytes == 0)
            return;
        std::memcpy(buffer_.data(), key, key_bytes);
        used_ = BLOCK_BYTES; // the key is padded to a block
    }

    // Takes the buffer into the state, and empties it.
    void compress(bool last) {
        total_ += used_;
        std::array<u32, 16> m, v;
        std::memcpy(m.data(), buffer_.data(), sizeof m);
        std::copy(state_.begin(), state_.end(), v.begin());
        std::copy(IV.begin(), IV.end(), v.begin() + 8);
        v[12] ^= static_cast<u32>(total_);
        v[13] ^= static_cast<u32>(total_ >> 32);
        v[14] ^= last ? ~0u : 0;
        const auto mix = [&](u32 a, u32 b, u32 c, u32 d, u32 x, u32 y) {
            v[a] += v[b] + x, v[d] = std::rotr(v[d] ^ v[a], 16);
            v[c] += v[d], v[b] = std::rotr(v[b] ^ v[c], 12);
            v[a] += v[b] + y, v[d] = std::rotr(v[d] ^ v[a], 8);
            v[c] += v[d], v[b] = std::rotr(v[b] ^ v[c], 7);
        };
        for (const auto& s : SIGMA) {
            for (u32 i = 0; i < 4; ++i)
                mix(i, 4 + i, 8 + i, 12 + i, m[s[2 * i]], m[s[2 * i + 1]]);
            for (u32 i = 0; i < 4; ++i)
                mix(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[s[8 + 2 * i]], m[s[9 + 2 * i]]);
        }
        for (u32 i = 0; i < 8; ++i)
            state_[i] ^= v[i] ^ v[8 + i];
        used_ = 0;
    }

    std::array<u32, 8> state_;
    std::array<u8, BLOCK_BYTES> buffer_{};
    u32 used_ = 0;
    u64 total_ = 0;
};

} // namespace faultline
