// What a libFuzzer target needs in place of the kernel around the code under test.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <memory>

#include "base/types.hpp"

namespace faultline::fuzz {

// Runs `parse`. Where the kernel may refuse its input by ending the machine (a panic about a malformed device tree, a bad
// boot argument), that ends `parse`, and the result is false. It must own no memory then. Anywhere else, an end of the
// machine ends the target.
inline std::jmp_buf* refusal = nullptr;

template <class Parse>
bool refused_or_done(Parse&& parse) {
    std::jmp_buf here;
    refusal = &here;
    const bool done = setjmp(here) == 0;
    if (done)
        parse();
    refusal = nullptr;
    return done;
}

// The input in memory of exactly its size, so that AddressSanitizer sees the first byte read behind it.
inline std::unique_ptr<u8[]> exact_copy(const u8* data, std::size_t size) {
    auto copy = std::make_unique<u8[]>(size);
    for (std::size_t i = 0; i < size; ++i)
        copy[i] = data[i];
    return copy;
}

// Objects of kmalloc() and of all caches that are in use.
extern std::size_t objects_in_use;

// Ends the target with a message unless `condition` holds.
void require(bool condition, const char* what);

} // namespace faultline::fuzz
