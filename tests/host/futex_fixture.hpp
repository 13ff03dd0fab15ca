// What the futex tests use: the booted harness, tasks with address spaces, the futex calls as a program makes them, and
// a machine that ends by throwing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <linux/futex.h>

#include "kernel/futex/fault_in.hpp"
#include "kernel/futex/key.hpp"
#include "mm/filemap.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"
#include "tests/host/harness.hpp"

namespace faultline::harness {

// What machine_exit() throws.
struct MachineExit {
    u8 status;
};

class FutexHost {
  public:
    explicit FutexHost(const model::Configuration& configuration = {});
    ~FutexHost();
    FutexHost(const FutexHost&) = delete;
    FutexHost& operator=(const FutexHost&) = delete;

    // Address spaces; released with the fixture.
    MmStruct& new_mm();
    MmStruct& fork(MmStruct& source);

    static UserAddr map(MmStruct& mm, u32 prot, u32 flags, AddressSpace* file = nullptr, u32 pages = 1);
    static UserAddr map_private(MmStruct& mm) { return map(mm, RW, MAP_PRIVATE | MAP_ANONYMOUS); }
    static UserAddr map_shared(MmStruct& mm, u32 prot = RW) { return map(mm, prot, MAP_SHARED | MAP_ANONYMOUS); }
    static constexpr u32 RW = PROT_READ | PROT_WRITE;

    // A user task that will run `body`; run() runs all tasks to their end. Thread ids count from 1.
    Task& spawn(MmStruct& mm, std::function<void()> body);
    void run() { host.run_tasks(); }
    void run(MmStruct& mm, std::function<void()> body);

    // Accesses by the running task's program.
    u32 load(UserAddr address) { return host.machine.user_load(address.value()).value(); }
    void store(UserAddr address, u32 value);

    // The entry; and the word as it is in memory, past all entries and TLBs. The page must be mapped.
    static Pte entry(MmStruct& mm, UserAddr address);
    static u32& word(MmStruct& mm, UserAddr address);
    static void age(MmStruct& mm);

    u64 faultins() const { return futex_faultin_count() - faultins_before_; } // since the fixture was made

    Task* find(s32 pid) const;
    static FutexHost& get();

    static constexpr s64 REALTIME_OFFSET = 1'000'000'000'000; // CLOCK_REALTIME minus time since boot

    Host host;
    std::string console;              // what the kernel printed
    std::function<void()> on_console; // called at each line

  private:
    std::vector<Task*> tasks_;
    std::vector<MmStruct*> spaces_;
    u64 faultins_before_;
};

// futex(2) by the running task; `fourth` is the timeout's address or val2.
Result<u32> futex(u32 op, UserAddr uaddr, u32 val = 0, u32 fourth = 0, UserAddr uaddr2 = {}, u32 val3 = 0);

// The number of waiters queued for a word, by the key that `scope` gives. The running task must be in the word's
// address space.
u32 queued(UserAddr address, FutexScope scope = FutexScope::Private);

// The status with which `body` ended the machine, if it ended it.
std::optional<u8> exit_status(const std::function<void()>& body);

// FUTEX_OP of linux/futex.h, unsigned.
constexpr u32 wake_op(u32 op, u32 argument, u32 comparison, u32 against) {
    return op << 28 | comparison << 24 | (argument & 0xfff) << 12 | (against & 0xfff);
}
inline constexpr u32 ADD_1 = wake_op(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0xfff);

inline constexpr u32 PRIVATE = FUTEX_PRIVATE_FLAG;

} // namespace faultline::harness
