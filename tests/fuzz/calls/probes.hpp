// Small questions to the kernel whose answers are known.
#pragma once

namespace faultline::fuzz {

// Asks question number `which`. Returns nullptr, or what was wrong. A question that only lacked memory is right.
const char* probe(unsigned which);
inline constexpr unsigned PROBES = 5;

} // namespace faultline::fuzz
