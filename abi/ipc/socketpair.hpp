// Pairs of connected sockets (socketpair(2), unix(7)); the only sockets there are.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// Caller: current, with no lock held. AFNOSUPPORT (not AF_UNIX), SOCKTNOSUPPORT, PROTONOSUPPORT, INVAL, MFILE, NOMEM,
// FAULT. The ends are read and written, polled and closed; there is no sendmsg.
Result<u32> sys_socketpair(s32 family, s32 type, s32 protocol, UserAddr fds);

} // namespace faultline
