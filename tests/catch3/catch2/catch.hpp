// Catch2 3 under the name that Catch2 2's only header has, so that the tests include the same on Debian 12, which has
// version 2, and on Debian 13, which has version 3. CMake puts this directory on the path of headers for version 3 only.
#pragma once

#include <catch2/catch_all.hpp>

#include <string>

namespace Catch {

using Matchers::EndsWith;
using Matchers::StartsWith;
// Version 2's name; version 3 has a matcher of ranges of that name.
inline auto Contains(const std::string& part) { return Matchers::ContainsSubstring(part); }

} // namespace Catch
