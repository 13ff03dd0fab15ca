// The ChaCha20 block function (RFC 8439, 2.3): 64 bytes that cannot be told from random ones without the key.
#pragma once

#include <array>
#include <bit>
#include <cstring>

#include "base/types.hpp"

namespace faultline {

// Machines are little-endian, as the RFC's words are.
struct ChaCha20 {
    static constexpr u32 KEY_BYTES = 32, BLOCK_BYTES = 64;

    std::array<u32, 8> key{};
    std::array<u32, 4> counter{}; // the block's number and the nonce

    // Writes one block, BLOCK_BYTES long, and counts. The number has 64 bits, as in Bernstein's original: with the
    // RFC's 32 bits it could end within one long read.
    void block(u8* out) {
        std::array<u32, 16> initial{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}; // "expand 32-byte k"
        std::memcpy(&initial[4], key.data(), sizeof key);
        std::memcpy(&initial[12], counter.data(), sizeof counter);
        std::array<u32, 16> state = initial;
        for (u32 round = 0; round < 20; round += 2) {
            for (u32 i = 0; i < 4; ++i)
                quarter_round(state, i, 4 + i, 8 + i, 12 + i); // columns
            for (u32 i = 0; i < 4; ++i)
                quarter_round(state, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4); // diagonals
        }
        for (u32 i = 0; i < 16; ++i)
            state[i] += initial[i];
        std::memcpy(out, state.data(), BLOCK_BYTES);
        if (++counter[0] == 0)
            ++counter[1];
    }

  private:
    static void quarter_round(std::array<u32, 16>& s, u32 a, u32 b, u32 c, u32 d) {
        s[a] += s[b], s[d] = std::rotl(s[d] ^ s[a], 16);
        s[c] += s[d], s[b] = std::rotl(s[b] ^ s[c], 12);
        s[a] += s[b], s[d] = std::rotl(s[d] ^ s[a], 8);
        s[c] += s[d], s[b] = std::rotl(s[b] ^ s[c], 7);
    }
};

} // namespace faultline
