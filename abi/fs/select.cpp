// select(2): the three bit sets are checked together, descriptor by descriptor.
#include "abi/fs/select.hpp"

#include <new>

#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/poll.hpp"
#include "abi/fs/poll_private.hpp"

namespace faultline {

namespace {

constexpr u32 WORD = 32; // bits; a set is an array of words (fd_set)

struct FdSet {
    UserAddr user;  // null: the set was not given
    u32 events = 0; // what makes a file ready in this set
    u32 asked[OPEN_MAX / WORD] = {}, found[OPEN_MAX / WORD] = {};

    bool asks(u32 fd) const { return (asked[fd / WORD] >> fd % WORD & 1) != 0; }
    void mark(u32 fd, bool ready) {
        const u32 bit = 1u << fd % WORD;
        found[fd / WORD] = ready ? found[fd / WORD] | bit : found[fd / WORD] & ~bit;
    }
};

// The three sets of one call, in memory from kmalloc: they are too large for the stack.
class FdSets {
  public:
    FdSets(UserAddr read_set, UserAddr write_set, UserAddr except_set) : sets_(3) {
        if (sets_.data() == nullptr)
            return;
        new (&sets_[0]) FdSet{read_set, READY_TO_READ | POLLHUP | POLLERR};
        new (&sets_[1]) FdSet{write_set, READY_TO_WRITE | POLLERR};
        new (&sets_[2]) FdSet{except_set, POLLPRI};
    }

    // Copies the sets from the program. FAULT, NOMEM; BADF: one names a descriptor that is not open.
    Result<void> load(u32 count) {
        if (sets_.data() == nullptr)
            return Err(Errno::NOMEM);
        for (u32 i = 0; i < 3; ++i)
            if (sets_[i].user != UserAddr())
                TRY_VOID(copy_struct_from_user(sets_[i].asked, sets_[i].user, bytes(count)));
        for (u32 fd = 0; fd < count; ++fd)
            if (asks(fd) && FileRef(lookup_fd(*current()->files, static_cast<s32>(fd))).get() == nullptr)
                return Err(Errno::BADF);
        return {};
    }

    // Marks what is ready now. Returns how many bits that sets.
    u32 look(u32 count, PollTable* table) {
        u32 ready = 0;
        for (u32 fd = 0; fd < count; ++fd) {
            if (!asks(fd))
                continue;
            FileRef file(lookup_fd(*current()->files, static_cast<s32>(fd)));
            if (table != nullptr)
                table->events = events_of(fd);
            const u32 events = file.get() != nullptr ? poll_file(*file, ready == 0 ? table : nullptr) : 0;
            for (u32 i = 0; i < 3; ++i) {
                const bool hit = sets_[i].asks(fd) && (events & sets_[i].events) != 0;
                sets_[i].mark(fd, hit);
                ready += hit ? 1 : 0;
            }
        }
        return ready;
    }

    // Copies the results to the program. FAULT.
    Result<void> store(u32 count) const {
        for (u32 i = 0; i < 3; ++i)
            if (sets_[i].user != UserAddr())
                TRY_VOID(copy_struct_to_user(sets_[i].user, sets_[i].found, bytes(count)));
        return {};
    }

  private:
    static u32 bytes(u32 count) { return (count + WORD - 1) / WORD * 4; }
    u32 events_of(u32 fd) const { // what makes the file ready in the sets that ask for it
        u32 events = 0;
        for (u32 i = 0; i < 3; ++i)
            events |= sets_[i].asks(fd) ? sets_[i].events : 0;
        return events;
    }
    bool asks(u32 fd) const { return sets_[0].asks(fd) || sets_[1].asks(fd) || sets_[2].asks(fd); }

    Buffer<FdSet> sets_;
};

Result<u32> do_select(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, u64 deadline_ns) {
    if (static_cast<s32>(count) < 0)
        return Err(Errno::INVAL);
    count = std::min(count, fd_table_size()); // a descriptor behind the end of the table counts as not asked for
    FdSets sets(read_set, write_set, except_set);
    TRY_VOID(sets.load(count));
    const u32 ready = TRY(poll_until([&](PollTable* table) { return sets.look(count, table); }, deadline_ns));
    TRY_VOID(sets.store(count));
    return ready;
}

template <class Field>
Result<u32> do_pselect(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, UserAddr timeout,
                       UserAddr sigmask) {
    struct {
        UserAddr mask;
        u32 bytes = 0;
    } wanted;
    if (sigmask != UserAddr())
        TRY_VOID(copy_struct_from_user(&wanted, sigmask, sizeof wanted));
    const u64 deadline = TRY(deadline_from<Field>(timeout, NSEC_PER_SEC));
    const auto result = with_sigmask(wanted.mask, wanted.bytes,
                                     [&] { return do_select(count, read_set, write_set, except_set, deadline); });
    return finish_wait_for_files<Field>(result, timeout, NSEC_PER_SEC, deadline);
}

} // namespace

Result<u32> sys_select(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, UserAddr timeval) {
    constexpr u32 USEC_PER_SEC = 1'000'000;
    const u64 deadline = TRY(deadline_from<s32>(timeval, USEC_PER_SEC));
    const auto result = do_select(count, read_set, write_set, except_set, deadline);
    return finish_wait_for_files<s32>(result, timeval, USEC_PER_SEC, deadline);
}

Result<u32> sys_pselect6(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, UserAddr timeout,
                         UserAddr sigmask) {
    return do_pselect<s32>(count, read_set, write_set, except_set, timeout, sigmask);
}

Result<u32> sys_pselect6_time64(u32 count, UserAddr read_set, UserAddr write_set, UserAddr except_set, UserAddr timeout,
                                UserAddr sigmask) {
    return do_pselect<s64>(count, read_set, write_set, except_set, timeout, sigmask);
}

} // namespace faultline
