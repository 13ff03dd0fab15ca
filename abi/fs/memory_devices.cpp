// What these devices read and write.
#include "abi/fs/memory_devices.hpp"

#include <algorithm>

#include <linux/poll.h>

#include "abi/fs/char_device.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/iov_iter.hpp"
#include "abi/fs/random.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/upcalls.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constexpr u32 MEMORY_MAJOR = 1;

Result<u32> read_end(File&, UserAddr, u32, u64&) { return 0u; }
Result<u32> write_discarded(File&, UserAddr, u32 bytes, u64&) { return bytes; }
Result<u32> write_full(File&, UserAddr, u32 bytes, u64&) {
    if (bytes == 0)
        return 0u;
    return Err(Errno::NOSPC);
}

// A page's worth at a time: in between a signal ends the read, and others have their turn. (Linux: read_iter_zero.)
Result<u32> read_zeros(File&, IovIter& to, u64&) {
    u32 done = 0;
    while (to.left() != 0) {
        const u32 part = std::min(to.left(), PAGE_SIZE);
        const u32 stored = to.clear_user(part);
        done += stored;
        if (stored != part)
            return done == 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
        if (to.left() != 0 && signal_pending())
            break;
        cond_resched();
    }
    return done;
}

Result<u32> read_random(File&, UserAddr buffer, u32 bytes, u64&) { return get_random_bytes_user(buffer, bytes); }

// What a program writes is mixed in. (random(4).)
Result<u32> write_random(File&, UserAddr buffer, u32 bytes, u64&) {
    for (u32 done = 0; done < bytes;) {
        u8 chunk[64];
        const u32 part = std::min(bytes - done, static_cast<u32>(sizeof chunk));
        const u32 copied = part - copy_from_user(chunk, buffer + done, part);
        add_device_randomness(chunk, copied);
        done += copied;
        if (copied != part)
            return done == 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(done);
        if (done % PAGE_SIZE == 0) {
            if (signal_pending())
                return done;
            cond_resched();
        }
    }
    return bytes;
}

Result<u32> splice_discarded(File&, const void*, u32 bytes, u64&) { return bytes; }

constinit const FileOps null_ops{
    .read = read_end, .write = write_discarded, .splice_write = splice_discarded, .seekable = true};
constinit const FileOps zero_ops{.write = write_discarded, .read_iter = read_zeros, .seekable = true};
constinit const FileOps full_ops{.write = write_full, .read_iter = read_zeros, .seekable = true};
// /dev/random can be polled, and so watched by epoll(7); /dev/urandom cannot. Linux keeps this difference between the
// two.
u32 poll_random(File&, PollTable*) { return POLLIN | POLLRDNORM; }
constinit const FileOps random_ops{
    .read = read_random, .write = write_random, .poll = poll_random, .seekable = true, .noop_seek = true};
constinit const FileOps urandom_ops{.read = read_random, .write = write_random, .seekable = true, .noop_seek = true};

constinit CharDevice devices[] = {
    {MEMORY_MAJOR << 8 | 3, "/dev/null", &null_ops, 0666},
    {MEMORY_MAJOR << 8 | 5, "/dev/zero", &zero_ops, 0666},
    {MEMORY_MAJOR << 8 | 7, "/dev/full", &full_ops, 0666},
    {MEMORY_MAJOR << 8 | 8, "/dev/random", &random_ops, 0666},
    {MEMORY_MAJOR << 8 | 9, "/dev/urandom", &urandom_ops, 0666},
};

} // namespace

bool maps_as_zeros(const File& file) { return file.ops == &zero_ops; }

void init_memory_devices() {
    for (CharDevice& device : devices)
        register_chrdev(device);
}

} // namespace faultline
