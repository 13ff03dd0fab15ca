// What an argument of a system call may be: every_call_table.hpp names the kind of each. A kind says which values make
// sense for the kernel to look at more closely; tests/fuzz/calls/values.cpp makes them.
#pragma once

namespace faultline {

enum class Kind : unsigned char {
    Same, // as the letter of the example says

    // numbers, and things that have numbers
    Number,
    Any, // of any kind: another argument says which
    Count,
    Length,
    Offset,
    OffsetHigh, // the upper half of a 64-bit offset
    SetSize,    // of a signal set
    Milliseconds,
    Id, // of a user or a group
    Pid,
    Tid,
    Signal,
    Fd,
    DirectoryFd,
    Key,
    IpcId,
    TimerId,
    Nice,
    Mode,
    NodeMode,

    // one of a set of values, or some flags of a set
    AccessMode,
    Advice,
    AtFlags,
    Clock,
    CloneFlags,
    EpollOperation,
    FallocateMode,
    FcntlCommand,
    FlockOperation,
    FutexOperation,
    IdType,
    IoctlRequest,
    IpcCommand,
    IpcFlags,
    LockAllFlags,
    MapFlags,
    MaskHow,
    Membarrier,
    MemfdFlags,
    MessageFlags,
    MountFlags,
    MsyncFlags,
    OpenFlags,
    Personality,
    Policy,
    PrctlOption,
    PriorityOf,
    Protection,
    RemapFlags,
    RenameFlags,
    Resource,
    ShmFlags,
    SocketType,
    SyslogAction,
    TimerFlags,
    UmountFlags,
    UsageOf,
    WaitOptions,
    Whence,

    // addresses
    Address, // of a mapping
    Buffer,
    Stack,     // of a new thread
    FutexWord, // of a futex
    Path,
    Name,       // a path whose file the call changes, makes or removes
    LinkTarget, // what gets another name
    Program,
    Strings, // as argv
    Type,    // of a file system
    AttributeName,

    // addresses of what the call reads
    AlternateStack,
    CapabilityData,
    CapabilityHeader,
    CloneArguments,
    CpuSet,
    EpollEvent,
    FcntlArgument, // or a number
    Ids,
    Interval32, // an itimerspec of 32 bits, or an itimerval
    Interval64,
    Limit32,
    Limit64,
    Message,
    OldSignalAction,
    PollFds,
    RobustList,
    SchedAttributes,
    SchedParam,
    SemaphoreOperations,
    SignalAction,
    SignalEvent,
    SignalInfo,
    SignalSet,
    Time32, // a timespec of 32 bits, or a timeval
    Time64,
    Vector, // of buffers
    Waiters,

    COUNT
};

// The kind that the letter of an example stands for; Same if there is no such letter.
constexpr Kind kind_of(char letter) {
    switch (letter) {
    case '0':
    case '1':
    case 'k':
        return Kind::Number;
    case 's':
        return Kind::SetSize;
    case 'z':
    case 'g':
        return Kind::Length;
    case 'f':
    case 'd':
    case 'r':
    case 'w':
    case 'e':
    case 'T':
        return Kind::Fd;
    case 'c':
        return Kind::DirectoryFd;
    case 'p':
        return Kind::Path;
    case 'q':
    case 'D':
        return Kind::Name;
    case 'y':
        return Kind::Type;
    case 'b':
        return Kind::Buffer;
    case 'm':
        return Kind::Address;
    case 'v':
        return Kind::Vector;
    case 'a':
        return Kind::Strings;
    case 'i':
        return Kind::Pid;
    case 't':
        return Kind::Tid;
    case 'n':
        return Kind::Signal;
    default:
        return Kind::Same;
    }
}

} // namespace faultline
