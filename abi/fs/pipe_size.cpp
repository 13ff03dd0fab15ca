// How large pipes are, and how much of them a user may have (pipe(7), "Pipe capacity"; fcntl(2), F_SETPIPE_SZ).
#include <linux/capability.h>

#include <algorithm>
#include <new>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/pipe.hpp"
#include "abi/fs/pipe_ring.hpp"
#include "mm/kmalloc.hpp"
#include "mm/out_of_memory.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constexpr u32 DEFAULT_SLOTS = 16, SMALLEST_DEFAULT_SLOTS = 2; // Linux: PIPE_DEF_BUFFERS, PIPE_MIN_DEF_BUFFERS
constexpr u32 SIZE_MAX_EVER = 1u << 31;

constinit KmemCache pipe_cache("pipe", sizeof(Pipe), alignof(Pipe));
constinit u32 limits[3] = {1u << 20, DEFAULT_SLOTS * 1024, 0}; // by PipeLimit; 0 pages: no limit

// Counts a pipe that gets `slots` in the place of `before`. Returns how many all of the user's have then. (Linux: the same
// name.)
u32 account_pipe_buffers(UserStruct& user, u32 before, u32 slots) {
    return user.pipe_slots.fetch_add(slots - before, std::memory_order_relaxed) + slots - before;
}

bool exceeds(u32 slots, PipeLimit limit) { return limits[limit] != 0 && slots > limits[limit]; }

// Rounds a size up to what a ring can have: a power of two, and at least a page. 0: too large.
u32 round_size(u64 bytes) {
    if (bytes > SIZE_MAX_EVER)
        return 0;
    u32 size = PAGE_SIZE;
    while (size < bytes)
        size *= 2;
    return size;
}

Result<PipeSlot*> new_ring(u32 slots) {
    auto* ring = static_cast<PipeSlot*>(kmalloc(slots * u32{sizeof(PipeSlot)}));
    if (ring == nullptr)
        return Err(Errno::NOMEM);
    for (u32 i = 0; i < slots; ++i)
        new (ring + i) PipeSlot;
    return ring;
}

void free_ring(Pipe& pipe, PipeSlot* ring, u32 slots) {
    for (u32 i = 0; i < slots; ++i)
        if (ring[i].page != nullptr) {
            put_page(*ring[i].page);
            pipe.pages.give_back(PAGE_SIZE);
        }
    kfree(ring);
}

// Replaces the ring by a smaller or larger one with the same contents. BUSY: they do not fit; NOMEM.
Result<void> resize_ring(Pipe& pipe, u32 slots) {
    const u32 used = pipe.head - pipe.tail;
    if (slots < used)
        return Err(Errno::BUSY);
    PipeSlot* ring = TRY(new_ring(slots));
    for (u32 i = 0; i < used; ++i)
        ring[i] = std::exchange(pipe.slot(pipe.tail + i), {});
    free_ring(pipe, std::exchange(pipe.ring, ring), std::exchange(pipe.slots, slots));
    pipe.tail = 0;
    pipe.head = used;
    return {};
}

} // namespace

u32 pipe_limit(PipeLimit limit) { return limits[limit]; }

Result<void> set_pipe_limit(PipeLimit limit, u64 value) {
    if (value >> 32 != 0 || (limit == PIPE_MAX_SIZE && round_size(value) == 0))
        return Err(Errno::INVAL);
    limits[limit] = limit == PIPE_MAX_SIZE ? round_size(value) : static_cast<u32>(value);
    return {};
}

Result<Pipe*> new_pipe() {
    UserStruct& user = *current_cred().user;
    u32 slots = DEFAULT_SLOTS;
    if (!capable(CAP_SYS_RESOURCE))
        slots = std::min(slots, limits[PIPE_MAX_SIZE] / PAGE_SIZE);
    u32 has = account_pipe_buffers(user, 0, slots);
    if (is_unprivileged_user() && exceeds(has, PIPE_USER_PAGES_SOFT))
        has = account_pipe_buffers(user, std::exchange(slots, SMALLEST_DEFAULT_SLOTS), SMALLEST_DEFAULT_SLOTS);
    const bool too_many = is_unprivileged_user() && exceeds(has, PIPE_USER_PAGES_HARD);
    Pipe* pipe = too_many ? nullptr : kmem_new<Pipe>(pipe_cache);
    const Result<PipeSlot*> ring = pipe == nullptr ? Err(Errno::NOMEM) : new_ring(slots);
    if (!ring) {
        account_pipe_buffers(user, slots, 0);
        kmem_delete(pipe_cache, pipe);
        return Err(too_many ? Errno::NFILE : ring.error());
    }
    pipe->ring = ring.value();
    pipe->slots = slots;
    pipe->user = &get_uid(user);
    return pipe;
}

void free_pipe(Pipe* pipe) {
    free_ring(*pipe, pipe->ring, pipe->slots);
    account_pipe_buffers(*pipe->user, pipe->slots, 0);
    free_uid(*pipe->user);
    kmem_delete(pipe_cache, pipe);
}

Result<void> fill_page(Pipe& pipe, PipeSlot& slot) {
    if (slot.page != nullptr)
        return {};
    if (!pipe.pages.take(PAGE_SIZE))
        return Err(Errno::NOMEM);
    slot.page = alloc_user_page().release();
    if (slot.page != nullptr)
        return {};
    pipe.pages.give_back(PAGE_SIZE);
    return Err(Errno::NOMEM);
}

Result<u32> pipe_size(File& file) {
    if (file.inode->type() != S_IFIFO)
        return Err(Errno::BADF);
    return file.inode->pipe->slots * PAGE_SIZE;
}

Result<u32> set_pipe_size(File& file, u32 bytes) {
    TRY(pipe_size(file));
    const u32 size = round_size(bytes);
    if (size == 0)
        return Err(Errno::INVAL);
    Pipe& pipe = *file.inode->pipe;
    WriteGuard guard(pipe.lock);
    const u32 slots = size / PAGE_SIZE;
    const u32 before = pipe.slots;
    const bool grows = slots > before;
    if (grows && size > limits[PIPE_MAX_SIZE] && !capable(CAP_SYS_RESOURCE))
        return Err(Errno::PERM);
    const u32 has = account_pipe_buffers(*pipe.user, before, slots);
    const bool too_many = exceeds(has, PIPE_USER_PAGES_SOFT) || exceeds(has, PIPE_USER_PAGES_HARD);
    const Result<void> resized =
        grows && too_many && is_unprivileged_user() ? Err(Errno::PERM) : resize_ring(pipe, slots);
    if (!resized) {
        account_pipe_buffers(*pipe.user, slots, before);
        return Err(resized.error());
    }
    wake_up_all(pipe.write_queue);
    return size;
}

} // namespace faultline
