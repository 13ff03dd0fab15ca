// Lazy TLB: a task without an address space stays in the one that it finds, until that address space ends.
#include <catch2/catch.hpp>

#include <arch/current.hpp>
#include <arch/irq.hpp>

#include "arch/contract/upcalls.hpp"
#include "kernel/sched/run_queue.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/mmap.hpp"
#include "mm/page_alloc.hpp"
#include "tests/host/futex_fixture.hpp"

using namespace faultline;
using namespace faultline::harness;

namespace {

const MmStruct* active_mm() { return this_rq().active_mm; }

// A file that notices when its last mapping goes. That is before page tables and directory are freed.
struct Witness {
    AddressSpace mapping;
    const MmStruct* active_at_the_end = nullptr;

    static void put(AddressSpace& mapping) { reinterpret_cast<Witness&>(mapping).active_at_the_end = active_mm(); }
    static constexpr AddressSpaceOps OPS = {
        .get = [](AddressSpace&) {},
        .put = put,
        .name = [](AddressSpace&, char*, u32) { return "witness"; },
    };
    Witness() {
        mapping.ops = &OPS;
        mapping.size = PAGE_SIZE;
    }
    ~Witness() { truncate_inode_pages(mapping); }
};

// A second CPU, whose idle task is in `mm` lazily. The first CPU does everything; when it waits for the second CPU, it
// also plays that one's part.
class IdleCpu final : model::ScheduleWatcher {
  public:
    IdleCpu(model::Machine& machine, MmStruct& mm) : machine_(machine), online_before_(online_cpus) {
        machine_.select_cpu(1);
        init_scheduler(idle_);
        use_mm(&mm);
        idle_.mm.mm = nullptr;
        machine_.select_cpu(0);
        model::schedule_watcher = this;
    }
    ~IdleCpu() {
        model::schedule_watcher = nullptr;
        online_cpus = online_before_;
        machine_.select_cpu(1);
        use_mm(nullptr);
        set_current(nullptr);
        machine_.select_cpu(0);
    }
    IdleCpu(const IdleCpu&) = delete;
    IdleCpu& operator=(const IdleCpu&) = delete;

    u32 interrupts = 0;

  private:
    void at_point(const char*) override {}
    void call(CpuMask, void (*)(void*), void*) override {} // nothing is mapped, so no flush is requested
    void wait_until(const char*, const std::function<bool()>&) override {
        ++interrupts;
        machine_.interrupt(1, [](void*) { scheduler_ipi(); }, nullptr);
    }

    model::Machine& machine_;
    Task idle_;
    CpuMask online_before_;
};

} // namespace

TEST_CASE("lazy TLB: a kernel task runs in the address space of the task before it") {
    FutexHost test;
    MmStruct& mm = test.new_mm();
    const UserAddr word = FutexHost::map_private(mm);
    test.run(mm, [&] { test.store(word, 7); });
    CHECK(active_mm() == &mm);
    CHECK(test.load(word) == 7); // the idle task is still in that address space
    test.host.spawn([&] {
        CHECK(active_mm() == &mm);
        CHECK(test.load(word) == 7);
    });
    test.run();
    CHECK(test.load(word) == 7);
}

TEST_CASE("lazy TLB: an address space that ends is left before anything of it is freed") {
    const Host host;
    Witness file;
    MmStruct* mm = mm_alloc().value().release();
    REQUIRE(do_mmap(*mm, UserAddr(0), PAGE_SIZE, PROT_READ, MAP_PRIVATE, &file.mapping, true, 0).ok());
    use_mm(mm);
    current()->mm.mm = nullptr; // like the idle task after the last thread
    CHECK(active_mm() == mm);
    file.active_at_the_end = mm;
    mmput(*mm);
    CHECK(file.active_at_the_end == nullptr);
    CHECK(active_mm() == nullptr);
}

TEST_CASE("lazy TLB: every CPU leaves an address space that ends") {
    Host host({.cpus = 2});
    MmStruct* mm = mm_alloc().value().release();
    MmStruct* other = mm_alloc().value().release();
    const IdleCpu idle(host.machine, *mm);
    mmput(*other);
    CHECK(idle.interrupts == 0); // it was not there
    CHECK(rq_of(1).active_mm == mm);
    mmput(*mm);
    CHECK(idle.interrupts == 1);
    CHECK(rq_of(1).active_mm == nullptr);
}
