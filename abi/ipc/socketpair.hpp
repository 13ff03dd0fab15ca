// Pairs of connected sockets (socketpair(2), unix(7)). There are no other sockets.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System call (contract: abi/syscall/table.cpp). `fds` receives two descriptors. AFNOSUPPORT: not AF_UNIX;
// SOCKTNOSUPPORT, PROTONOSUPPORT, INVAL, MFILE, NOMEM, FAULT. Sockets can be read, written, polled and closed; there is
// no sendmsg.
Result<u32> sys_socketpair(s32 family, s32 type, s32 protocol, UserAddr fds);

} // namespace faultline
