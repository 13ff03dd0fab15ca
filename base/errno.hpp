// Linux's error numbers (asm-generic/errno-base.h and errno.h), as a type. It has those that this kernel returns.
#pragma once

#include "base/types.hpp"

namespace faultline {

enum class Errno : u16 {
    PERM = 1,
    NOENT = 2,
    SRCH = 3,
    INTR = 4,
    IO = 5,
    NXIO = 6,
    TOOBIG = 7, // E2BIG; on the host that name is a macro
    NOEXEC = 8,
    BADF = 9,
    CHILD = 10,
    AGAIN = 11,
    NOMEM = 12,
    ACCES = 13,
    FAULT = 14,
    BUSY = 16,
    EXIST = 17,
    XDEV = 18,
    NODEV = 19,
    NOTDIR = 20,
    ISDIR = 21,
    INVAL = 22,
    NFILE = 23,
    MFILE = 24,
    NOTTY = 25,
    TXTBSY = 26,
    FBIG = 27,
    NOSPC = 28,
    SPIPE = 29,
    ROFS = 30,
    MLINK = 31,
    PIPE = 32,
    RANGE = 34,
    DEADLK = 35,
    NAMETOOLONG = 36,
    NOLCK = 37,
    NOSYS = 38,
    NOTEMPTY = 39,
    LOOP = 40,
    NOMSG = 42,
    IDRM = 43,
    NODATA = 61,
    NOPKG = 65,
    OVERFLOWED = 75, // EOVERFLOW
    LIBBAD = 80,     // ELIBBAD
    NOTSOCK = 88,
    MSGSIZE = 90,
    PROTONOSUPPORT = 93,
    SOCKTNOSUPPORT = 94,
    OPNOTSUPP = 95,
    AFNOSUPPORT = 97,
    NOBUFS = 105,
    ISCONN = 106,
    TIMEDOUT = 110,
    CONNREFUSED = 111,
    CANCELED = 125,
    OWNERDEAD = 130,
    HWPOISON = 133,
    // A program never sees these (Linux include/linux/errno.h). With them an interrupted call says how it is to be
    // restarted.
    RESTARTSYS = 512,
    RESTARTNOINTR = 513,
    RESTARTNOHAND = 514,
    RESTART_RESTARTBLOCK = 516,
};

} // namespace faultline
