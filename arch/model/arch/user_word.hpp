// One word of user memory: the modelled machine has no short way to it. arch/model/uaccess.cpp.
#pragma once

#include "arch/contract/uaccess.hpp"

namespace faultline {

inline Result<u32> get_user_word(UserAddr address) { return get_user_u32(address); }

} // namespace faultline
