// A storm on real threads, one for each CPU: faults, mmap and munmap, ageing, advice, swap, fork, switches, futexes and
// deaths in one address space and its children, all at the same time. ThreadSanitizer (preset host-tsan) sees every
// access that no lock orders. The storm itself checks that a CPU reads again what it wrote, that locks exclude, that
// counters are exact and that no page is missing.
//
//   threads_storm_walked [SECONDS] [SEED]
//   threads_storm_softtlb [SECONDS] [SEED] [hardware]     with the word, the machine sets young and dirty itself
#include <arch/current.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include <linux/futex.h>

#include "arch/contract/tlb.hpp"
#include "arch/contract/uaccess.hpp"
#include "arch/model/machine.hpp"
#include "base/irq_guard.hpp"
#include "interleave/pi_locks.hpp"
#include "kernel/futex/fault_in.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/futex/syscalls.hpp"
#include "mm/aging.hpp"
#include "mm/anon_vma.hpp"
#include "mm/dup_mm.hpp"
#include "mm/fault.hpp"
#include "mm/madvise.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"
#include "mm/munmap.hpp"
#include "mm/page_alloc.hpp"
#include "mm/page_writeback.hpp"
#include "mm/slab.hpp"
#include "mm/swapfile.hpp"
#include "mm/vmscan.hpp"
#include "tests/threads/cpus.hpp"
#include "tests/threads/kernel.hpp"

using namespace faultline;

namespace {

constexpr u32 CPUS = 4;
constexpr u32 PAGES = 8;         // of the memory that all CPUs write, each its own word in each page
constexpr u32 PRIVATE_PAGES = 2; // of memory that is not shared with children
enum Word : u32 {                // offsets in the first page
    COUNTED = 64,
    MUTEX = 68,
    GUARDED = 72,
    PI_LOCK = 76,
    PI_GUARDED = 80,
    PI_TURN = 84,
    ROBUST_MUTEX = 88,
    ROBUST_GUARDED = 92,
    ROBUST_LISTS = 256 // a list's head and its one entry for each CPU
};

void require(bool condition, const char* what) {
    if (!condition)
        panic("storm: %s", what);
}

// A swap area in memory. One CPU takes it away and adds it again.
struct SwapArea : SwapDevice {
    static constexpr u32 SLOTS = 32;
    std::byte slots[SLOTS][PAGE_SIZE];
    u32 type = 0;
    bool is_on = false;

    SwapArea() {
        read = [](SwapDevice& device, u32 slot, Page& page) {
            std::memcpy(page_address(page), static_cast<SwapArea&>(device).slots[slot], PAGE_SIZE);
            return Result<void>();
        };
        write = [](SwapDevice& device, u32 slot, Page& page) {
            std::memcpy(static_cast<SwapArea&>(device).slots[slot], page_address(page), PAGE_SIZE);
            return Result<void>();
        };
    }
    void toggle() {
        if (is_on)
            require(swap_off(type).ok(), "swapoff");
        else
            type = swap_on(*this, {.slots = SLOTS}, -1).value();
        is_on = !is_on;
    }
};

struct Storm {
    model::Machine machine{{.cpus = CPUS, .ram_bytes = 4u << 20}};
    MmRef mm;
    UserAddr base, own;
    u32 written[CPUS][PAGES] = {}, written_privately[CPUS][PRIVATE_PAGES] = {};
    u32 counted[CPUS] = {}, guarded[CPUS] = {}, pi_guarded[CPUS] = {}, robust_guarded[CPUS] = {};
    u32 operations[CPUS] = {};
    SwapArea swap;
    u32 tokens = 0, waiting_for_token = 0, leaving = 0; // under the PI lock
    u32 given[CPUS] = {}, taken[CPUS] = {};

    u32 read(UserAddr address) {
        const auto value = machine.user_load(address.value());
        require(value.has_value(), "a read that must succeed");
        return *value;
    }
    void write(UserAddr address, u32 value) {
        require(machine.user_store(address.value(), value), "a write that must succeed");
    }
    UserAddr map(u32 pages, u32 flags) {
        return do_mmap(*mm, UserAddr(0), pages * PAGE_SIZE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, nullptr,
                       true, 0)
            .value();
    }
    Result<u32> futex(UserAddr word, u32 op, u32 value, UserAddr second = {}, u32 third = 0, u32 val2 = 0) {
        return sys_futex(word, op | FUTEX_PRIVATE_FLAG, value, UserAddr(val2), second, third);
    }

    void write_own(u32 cpu, u32 page) {
        const UserAddr word = base + page * PAGE_SIZE + 4 * cpu;
        require(read(word) == written[cpu][page], "a write was lost");
        write(word, ++written[cpu][page]);
    }
    // Children copy this memory on write, and it is thrown away at times: then it is zero.
    void write_privately(u32 cpu, u32 page) {
        const UserAddr word = own + page * PAGE_SIZE + 4 * cpu;
        const u32 value = read(word);
        require(value == 0 || value == written_privately[cpu][page], "a private write was lost");
        write(word, ++written_privately[cpu][page]);
    }
    void map_and_unmap(u32 pages) {
        const UserAddr start = map(pages, MAP_PRIVATE);
        for (u32 i = 0; i < pages; ++i)
            write(start + i * PAGE_SIZE, i);
        require(read(start) == 0, "what was written first");
        require(do_munmap(*mm, start, pages * PAGE_SIZE).ok(), "munmap");
    }
    void forget(UserAddr page) { // a shared page stays, its entry goes
        require(do_madvise(*mm, page, PAGE_SIZE, MADV_DONTNEED).ok(), "madvise");
    }
    void page_out(UserAddr page) { require(do_madvise(*mm, page, PAGE_SIZE, MADV_PAGEOUT).ok(), "madvise"); }
    void reclaim() { static_cast<void>(try_to_free_pages(1)); }
    void age() { age_mm(MmapReadGuard(*mm)); }
    void fork_and_end() { require(dup_mm(*mm).ok(), "fork"); }
    void enter(u32 cpu, MmStruct& next) {
        threads::tasks[cpu].mm.mm = &next;
        const IrqGuard irqs;
        switch_mm(&next.context);
    }
    void visit_child(u32 cpu, u32 page) { // which shares the memory
        const auto child = dup_mm(*mm);
        require(child.ok(), "fork");
        enter(cpu, *child.value());
        write_own(cpu, page);
        enter(cpu, *mm);
    }
    void look_at_statistics() { // of TLBs filled by software
        for (u32 each = 0; each < CPUS; ++each) {
            TlbStatistics statistics;
            static_cast<void>(tlb_statistics(CpuId(static_cast<u8>(each)), statistics));
        }
    }
    void count_up(u32 cpu) {
        const u32 operation = FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0xfffu);
        require(futex(base + COUNTED, FUTEX_WAKE_OP, 1, base + COUNTED, operation).ok(), "WAKE_OP");
        ++counted[cpu];
    }
    // The kernel's compare and exchange serves as the program's own: it obeys the same entries.
    u32 cmpxchg(UserAddr word, u32 expected, u32 desired) {
        while (true) {
            const auto found = futex_atomic_cmpxchg_inatomic(word, expected, desired);
            require(found.ok(), "a compare and exchange");
            return found.value();
        }
    }
    // Drepper, "Futexes Are Tricky", mutex 2: 0 free, 1 taken, 2 with waiters.
    void with_mutex(u32 cpu) {
        const UserAddr word = base + MUTEX;
        u32 seen = cmpxchg(word, 0, 1);
        while (seen != 0) {
            if (seen == 2 || cmpxchg(word, 1, 2) != 0)
                static_cast<void>(futex(word, FUTEX_WAIT, 2));
            seen = cmpxchg(word, 0, 2);
        }
        write(base + GUARDED, read(base + GUARDED) + 1);
        ++guarded[cpu];
        if (cmpxchg(word, 1, 0) != 1) {
            write(word, 0);
            require(futex(word, FUTEX_WAKE, 1).ok(), "WAKE");
        }
    }
    void lock_pi() {
        require(pi_mutex_lock(*this, base + PI_LOCK).ok(), "locking a PI lock");
        take_over_pi();
    }
    // The mark of an owner that died is cleared at once, as glibc does. An UNLOCK_PI that still has the mark may find
    // that a waiter has come since it read the word, and returns EINVAL then, on Linux as here.
    void take_over_pi() {
        const UserAddr word = base + PI_LOCK;
        u32 seen = read(word);
        require((seen & FUTEX_TID_MASK) == static_cast<u32>(current()->pid), "the word names the owner");
        while ((seen & FUTEX_OWNER_DIED) != 0) {
            const u32 expected = seen;
            seen = cmpxchg(word, expected, expected & ~u32{FUTEX_OWNER_DIED});
            if (seen == expected)
                break;
        }
    }
    void unlock_pi() { require(pi_mutex_unlock(*this, base + PI_LOCK).ok(), "unlocking a PI lock"); }
    void notify_all() { require(pi_notify_all(*this, base + PI_TURN, base + PI_LOCK).ok(), "notifying"); }
    void with_pi_lock(u32 cpu, bool dies) {
        lock_pi();
        write(base + PI_GUARDED, read(base + PI_GUARDED) + 1);
        ++pi_guarded[cpu];
        if (dies)
            die_holding(cpu, base + PI_LOCK, true);
        else
            unlock_pi();
    }
    // RobustMutex of user/lib/sync.cpp. A death wakes tasks that wait with a shared key.
    Result<u32> shared_futex(UserAddr word, u32 op, u32 value) {
        return sys_futex(word, op, value, UserAddr(0), UserAddr(0), 0);
    }
    void lock_robust_mutex(u32 tid) {
        const UserAddr word = base + ROBUST_MUTEX;
        u32 waiters = 0;
        for (u32 seen = read(word);;) {
            u32 expected = seen;
            if ((seen & FUTEX_TID_MASK) == 0) {
                seen = cmpxchg(word, expected, tid | waiters | (expected & FUTEX_WAITERS));
                if (seen == expected)
                    return;
                continue;
            }
            waiters = FUTEX_WAITERS;
            if ((seen & FUTEX_WAITERS) == 0) {
                seen = cmpxchg(word, expected, expected | FUTEX_WAITERS);
                if (seen != expected)
                    continue;
            }
            static_cast<void>(shared_futex(word, FUTEX_WAIT, seen | FUTEX_WAITERS));
            seen = read(word);
        }
    }
    void unlock_robust_mutex(u32 tid) {
        const UserAddr word = base + ROBUST_MUTEX;
        if (cmpxchg(word, tid, 0) == tid)
            return;
        write(word, 0); // it had waiters, so only its owner changes it
        require(shared_futex(word, FUTEX_WAKE, 1).ok(), "WAKE");
    }
    void with_robust_mutex(u32 cpu, bool dies) {
        lock_robust_mutex(cpu + 1);
        write(base + ROBUST_GUARDED, read(base + ROBUST_GUARDED) + 1);
        ++robust_guarded[cpu];
        if (dies)
            die_holding(cpu, base + ROBUST_MUTEX, false);
        else
            unlock_robust_mutex(cpu + 1);
    }
    // What a task leaves when it dies, or becomes another program. Here the thread goes on.
    void die_holding(u32 cpu, UserAddr word, bool pi) {
        const UserAddr head = base + ROBUST_LISTS + cpu * 32, entry = head + sizeof(RobustListHead);
        write(entry, head.value());
        write(head + offsetof(RobustListHead, next), entry.value() | (pi ? 1 : 0));
        write(head + offsetof(RobustListHead, futex_offset), word.value() - entry.value());
        write(head + offsetof(RobustListHead, list_op_pending), 0);
        require(sys_set_robust_list(head, sizeof(RobustListHead)).ok(), "set_robust_list");
        futex_exit(*current());
    }
    void give_token(u32 cpu) {
        lock_pi();
        ++tokens;
        ++given[cpu];
        notify_all();
        unlock_pi();
    }
    // Waits for a token, unless no task is left that could give one.
    void take_token(u32 cpu) {
        lock_pi();
        while (tokens == 0 && leaving == 0 && waiting_for_token + 1 < CPUS) {
            ++waiting_for_token;
            require(pi_wait(*this, base + PI_TURN, base + PI_LOCK).ok(), "waiting for a notification");
            take_over_pi();
            --waiting_for_token;
        }
        if (tokens != 0) {
            --tokens;
            ++taken[cpu];
        }
        unlock_pi();
    }
    void leave() {
        lock_pi();
        ++leaving;
        notify_all();
        unlock_pi();
    }
    // No task is certain to wait long enough to be moved. One that does is moved to the bucket of the same word.
    void requeue() {
        static_cast<void>(sys_futex(base + MUTEX, FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 1, UserAddr(0), base + MUTEX, 0));
    }

    void run(u32 cpu, u64 seed, std::chrono::steady_clock::time_point end) {
        set_current(&threads::tasks[cpu]);
        enter(cpu, *mm);
        std::mt19937_64 random(seed * CPUS + cpu);
        const auto pick = [&](u32 n) { return static_cast<u32>(random() % n); };
        do {
            switch (const u32 page = pick(PAGES); pick(30)) {
            case 0:
                map_and_unmap(1 + pick(4));
                break;
            case 1:
                forget(base + page * PAGE_SIZE);
                break;
            case 2:
                age();
                break;
            case 3:
                fork_and_end();
                break;
            case 4:
            case 5:
                count_up(cpu);
                break;
            case 6:
            case 7:
                with_mutex(cpu);
                break;
            case 8:
            case 9:
                with_pi_lock(cpu, page == 0);
                break;
            case 10:
                requeue();
                break;
            case 11:
                visit_child(cpu, page);
                break;
            case 12:
                forget(own + page % PRIVATE_PAGES * PAGE_SIZE);
                break;
            case 13:
                look_at_statistics();
                break;
            case 14:
            case 15:
                give_token(cpu);
                break;
            case 16:
            case 17:
                take_token(cpu);
                break;
            case 18:
                with_robust_mutex(cpu, page == 0);
                break;
            case 19:
            case 20:
                write_privately(cpu, page % PRIVATE_PAGES);
                break;
            case 21:
                page_out(base + page * PAGE_SIZE);
                break;
            case 22:
                page_out(own + page % PRIVATE_PAGES * PAGE_SIZE);
                break;
            case 23:
                reclaim();
                break;
            case 24:
                if (cpu == 0 && page == 0)
                    swap.toggle();
                break;
            default:
                write_own(cpu, page);
                break;
            }
            ++operations[cpu];
        } while (std::chrono::steady_clock::now() < end);
        leave();
        const IrqGuard irqs;
        switch_mm(nullptr);
    }
};

} // namespace

int main(int argc, char** argv) {
    const int seconds = argc > 1 ? std::atoi(argv[1]) : 3;
    const u64 seed = argc > 2 ? std::strtoull(argv[2], nullptr, 0) : 1;
    if (argc > 3 && std::strcmp(argv[3], "hardware") == 0 && tlb_config.entries != 0)
        tlb_config.ad_bits = AdBits::Hardware;
    Storm storm;
    init_page_allocator(ram_start(), ram_start() + ram_bytes());
    init_writeback();
    anon_vma_init();
    init_swap();
    storm.machine.as_each_cpu(mmu_init_cpu);
    futex_init(CPUS);
    storm.machine.on_fault = [](FaultInfo fault) { return do_page_fault(fault).action() == FaultOutcome::Retry; };
    const u32 free_at_start = nr_free_pages();

    set_current(&threads::tasks[0]);
    storm.mm = mm_alloc().value();
    for (u32 cpu = 0; cpu < CPUS; ++cpu) {
        threads::tasks[cpu].pid = static_cast<s32>(cpu + 1);
        threads::tasks[cpu].mm.mm = storm.mm.get();
    }
    storm.base = storm.map(PAGES, MAP_SHARED);
    storm.own = storm.map(PRIVATE_PAGES, MAP_PRIVATE);
    {
        const IrqGuard irqs;
        switch_mm(&storm.mm->context);
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    threads::Cpus cpus;
    cpus.run(CPUS, [&](u32 cpu) { storm.run(cpu, seed, end); });

    {
        const IrqGuard irqs;
        switch_mm(&storm.mm->context);
    }
    const auto sum = [](const u32(&each)[CPUS]) { return each[0] + each[1] + each[2] + each[3]; };
    require(storm.read(storm.base + COUNTED) == sum(storm.counted), "every WAKE_OP was done once");
    require(storm.read(storm.base + GUARDED) == sum(storm.guarded), "a mutex excludes");
    require(storm.read(storm.base + PI_GUARDED) == sum(storm.pi_guarded), "a PI lock excludes");
    require(storm.read(storm.base + ROBUST_GUARDED) == sum(storm.robust_guarded), "a robust mutex excludes");
    require(sum(storm.given) == sum(storm.taken) + storm.tokens, "a condition variable's lock excludes");
    const u32 operations = sum(storm.operations);
    {
        const IrqGuard irqs;
        switch_mm(nullptr);
    }
    storm.mm = {};
    if (storm.swap.is_on)
        storm.swap.toggle();
    std::printf("%u pages written to swap, %u read\n", swap_stat.pswpout.load(), swap_stat.pswpin.load());
    shrink_caches();
    require(nr_free_pages() == free_at_start, "pages are missing at the end");
    std::printf("storm: %u operations on %u CPUs, %s, %u s, seed %llu\n", operations, CPUS, mmu_name(),
                static_cast<unsigned>(seconds), static_cast<unsigned long long>(seed));
}
