// Pairs of connected sockets (socketpair(2), unix(7)). There are no other sockets.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System call (contract: abi/syscall/table.cpp). `fds` receives two descriptors. AFNOSUPPORT: not AF_UNIX;
// SOCKTNOSUPPORT, PROTONOSUPPORT, INVAL, MFILE, NOMEM, FAULT. Sockets can be read, written, polled and closed; there is
// no sendmsg.
Result<u32> sys_socketpair(s32 family, s32 type, s32 protocol, UserAddr fds);

// These work on pairs only. `flags`: MSG_DONTWAIT, MSG_NOSIGNAL; others have no effect, or are OPNOTSUPP where that
// would change what is received. NOTSOCK, BADF, AGAIN, RESTARTSYS, FAULT; sending: NOBUFS, PIPE, CONNREFUSED, MSGSIZE,
// and ISCONN: an address is given.
Result<u32> sys_send(s32 fd, UserAddr buffer, u32 bytes, u32 flags);
Result<u32> sys_sendto(s32 fd, UserAddr buffer, u32 bytes, u32 flags, UserAddr address, u32 address_bytes);
Result<u32> sys_recv(s32 fd, UserAddr buffer, u32 bytes, u32 flags);
Result<u32> sys_recvfrom(s32 fd, UserAddr buffer, u32 bytes, u32 flags, UserAddr address, UserAddr address_bytes);

} // namespace faultline
