// The parts of the random generator, against the vectors of their standards.
#include "base/blake2s.hpp"
#include "base/chacha20.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace faultline {

namespace {

std::string hex(const u8* bytes, u32 count) {
    std::string text;
    for (u32 i = 0; i < count; ++i)
        for (const u32 digit : {u32{bytes[i]} >> 4, u32{bytes[i]} & 15})
            text += "0123456789abcdef"[digit];
    return text;
}

std::string block_of(ChaCha20& cipher) {
    u8 block[ChaCha20::BLOCK_BYTES];
    cipher.block(block);
    return hex(block, sizeof block);
}

std::string hash_of(Blake2s hash, const std::string& text) {
    hash.update(text.data(), static_cast<u32>(text.size()));
    const auto result = hash.final();
    return hex(result.data(), Blake2s::HASH_BYTES);
}

} // namespace

TEST_CASE("ChaCha20: the example of RFC 8439, 2.3.2") {
    ChaCha20 cipher;
    for (u32 i = 0; i < 8; ++i)
        cipher.key[i] = 0x03020100 + i * 0x04040404;
    cipher.counter = {1, 0x09000000, 0x4a000000, 0};
    CHECK(block_of(cipher) == "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
                              "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e");
    CHECK(cipher.counter[0] == 2);
}

TEST_CASE("ChaCha20: test vectors 1 to 5 of RFC 8439, A.1") {
    ChaCha20 zero;
    CHECK(block_of(zero) == "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
                            "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
    CHECK(block_of(zero) == "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
                            "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
    ChaCha20 last_bit;
    last_bit.key[7] = 0x01000000;
    last_bit.counter[0] = 1;
    CHECK(block_of(last_bit) == "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
                                "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0");
    ChaCha20 second_byte;
    second_byte.key[0] = 0xff00;
    second_byte.counter[0] = 2;
    CHECK(block_of(second_byte) == "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
                                   "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096");
    ChaCha20 nonce;
    nonce.counter[3] = 0x02000000;
    CHECK(block_of(nonce) == "c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7"
                             "8a970e0e955c14f3a88e741b97c286f75f8fc299e8148362fa198a39531bed6d");
}

TEST_CASE("ChaCha20: the number of a block has 64 bits") {
    ChaCha20 cipher;
    cipher.counter[0] = ~0u;
    block_of(cipher);
    CHECK(cipher.counter == std::array<u32, 4>{0, 1, 0, 0});
}

// The first is in RFC 7693, appendix B; the others are from the reference implementation (Python's hashlib has it).
TEST_CASE("BLAKE2s: known hashes") {
    CHECK(hash_of(Blake2s(), "abc") == "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
    CHECK(hash_of(Blake2s(), "") == "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9");
    const std::string block(64, 'a');
    CHECK(hash_of(Blake2s(), block) == "651d2f5f20952eacaea2fba2f2af2bcd633e511ea2d2e4c9ae2ac0d9ffb7b252");
    CHECK(hash_of(Blake2s(), block + "a") == "045f8ae18932119bd051ac7ba5c73db59892055fad5c32f82d79a6543d92a497");
    Blake2s::Hash key;
    for (u32 i = 0; i < key.size(); ++i)
        key[i] = static_cast<u8>(i);
    CHECK(hash_of(Blake2s(key), "") == "48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49");
    CHECK(hash_of(Blake2s(key), block) == "623b3dfdccfa5a9ed76162694fbf7729f60d79cce1a49e89e9af17e4be91d2ab");
}

TEST_CASE("BLAKE2s: the pieces in which the input comes make no difference") {
    const std::string text(300, 'x');
    for (const std::size_t cut : {0, 1, 63, 64, 65, 128, 200}) {
        Blake2s hash;
        hash.update(text.data(), static_cast<u32>(cut));
        CHECK(hash_of(hash, text.substr(cut)) == hash_of(Blake2s(), text));
    }
}

} // namespace faultline
