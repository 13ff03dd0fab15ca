// tlb_counts: prints what /proc/faultline/tlb counts on CPU 0 and CPU 1 while this program does one thing after the
// other. It is known what each thing asks of a TLB that software fills. There is a line for each CPU and thing, and no
// judgement: what is right depends on the boot arguments, which tests/boot/tlb_options.sh gives. It needs two CPUs and
// `--mmu softtlb`.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include <ulib/cpus.hpp>
#include <ulib/futex.hpp>
#include <ulib/print.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned CPUS = 2;

// The columns of the file, in its order.
constexpr const char* COLUMNS[] = {"fills", "survivors", "evictions", "spurious", "flushes", "shootdowns"};

struct Counts {
    unsigned of[CPUS][std::size(COLUMNS)];
};

// The file stays open, so that two reads of it are all that is counted beside the thing itself.
int file = -1;
char text[1024];

void read_file() {
    const long length = must(sys_pread(file, text, sizeof text - 1, 0), "tlb_counts: read");
    text[length] = '\0';
}

Counts read_counts() {
    read_file();
    const char* line = std::strstr(text, "\n0 ");
    Counts counts{};
    for (unsigned cpu = 0; cpu < CPUS; ++cpu) {
        char* at = const_cast<char*>(line);
        if (at == nullptr || std::strtoul(at, &at, 10) != cpu)
            fail("tlb_counts: no line of CPU %u in:\n%s", cpu, text);
        for (unsigned& count : counts.of[cpu])
            count = static_cast<unsigned>(std::strtoul(at, &at, 10));
        line = at;
    }
    return counts;
}

template <class Thing>
void count(const char* name, Thing&& thing) {
    const Counts before = read_counts();
    thing();
    const Counts after = read_counts();
    for (unsigned cpu = 0; cpu < CPUS; ++cpu) {
        char line[256] = "";
        int length = 0;
        for (unsigned column = 0; column < std::size(COLUMNS); ++column)
            length += std::snprintf(line + length, sizeof line - static_cast<std::size_t>(length), ", %u %s",
                                    after.of[cpu][column] - before.of[cpu][column], COLUMNS[column]);
        print("%s, cpu %u%s\n", name, cpu, line);
    }
}

void* map(unsigned pages) {
    const long at = sys_mmap2(nullptr, pages * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(is_error(at) ? at : 0, "tlb_counts: mmap");
    return reinterpret_cast<void*>(at);
}

// A thread on the other CPU. It does what it is asked to, and does not enter the kernel in between.
Word step{0};
void (*part)() = nullptr;

void live_on_cpu_1(void*) {
    run_on(1);
    for (unsigned done = 0;; ++done) {
        while (step.load() == 2 * done)
            __asm__ volatile("yield");
        part();
        step = 2 * (done + 1);
    }
}

void on_cpu_1(void (*what)()) {
    const unsigned now = step;
    part = what;
    step = now + 1;
    while (step.load() == now + 1)
        __asm__ volatile("yield");
}

// The shared page that everything uses; for "touch" it is the first of many.
Word* page;

void read_page() { static_cast<void>(page->load()); }
void write_page() { page[1] = 1; }
void write_page_by_futex() {
    must(futex_wake_op(&page[2], 1, &page[3], 1, futex_op(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)), "tlb_counts: futex");
}
void protect_page() { must(sys_mprotect(page, PAGE_SIZE, PROT_READ), "tlb_counts: mprotect"); }

constexpr unsigned PAGES = 32, TURNS = 100;

void touch_many() {
    for (unsigned i = 0; i < PAGES; ++i)
        static_cast<void>(page[i * PAGE_SIZE / sizeof(Word)].load());
}

// Maps a new page, and makes CPU 1 read it while it is clean.
void renew_page() {
    page = static_cast<Word*>(map(1));
    on_cpu_1(read_page);
}

// Runs in an address space of its own, where no other CPU ever was.
void alone() {
    const long child = must(sys_fork(), "tlb_counts: fork");
    if (child == 0) {
        page = static_cast<Word*>(map(1));
        write_page();
        count("protect alone", protect_page);
        sys_exit_group(0);
    }
    must(sys_wait4(static_cast<int>(child), nullptr), "tlb_counts: wait4");
}

} // namespace

int main() {
    file = static_cast<int>(must(sys_open("/proc/faultline/tlb", O_RDONLY), "/proc/faultline/tlb"));
    read_file();
    print("%s", text);
    run_on(0);

    // More pages than a small TLB has entries, and fewer than a large one has. After the first turn the large one holds
    // them all.
    page = static_cast<Word*>(map(PAGES));
    touch_many();
    count("touch", [] {
        for (unsigned turn = 0; turn < TURNS; ++turn)
            touch_many();
    });
    alone();

    Thread thread;
    must(thread.start(live_on_cpu_1, nullptr), "tlb_counts: clone");
    on_cpu_1([] {});
    renew_page();
    count("relax", write_page);                   // CPU 0 adds a permission,
    count("write", [] { on_cpu_1(write_page); }); // and CPU 1 uses it
    renew_page();
    write_page();
    count("futex", [] { on_cpu_1(write_page_by_futex); }); // the kernel uses it, where it cannot take a fault
    count("protect", protect_page);                        // CPU 0 takes a permission away
    on_cpu_1(read_page);
    count("unmap", [] { must(sys_munmap(page, PAGE_SIZE), "tlb_counts: munmap"); });
    sys_exit_group(0);
}
