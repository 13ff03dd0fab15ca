// Asking for and changing capabilities (capget(2)). What they permit is asked with capable(), cred.hpp.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_capget(UserAddr header, UserAddr data);
Result<u32> sys_capset(UserAddr header, UserAddr data);

} // namespace faultline
