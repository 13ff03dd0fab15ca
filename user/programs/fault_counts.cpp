// Checks the number of minor faults (getrusage, ru_minflt) that single accesses take: one where one is due, and none
// elsewhere. Every page asked about has a mapping of its own, so that fault-around finds no neighbours. Every page that
// this program itself uses (text, data, stack) is touched before each question.
#include <ulib/print.hpp>
#include <ulib/sys.hpp>

using namespace faultline;

extern "C" char __executable_start[], __data_start__[], _end[]; // linker/user.lds

namespace {

constexpr int READ_WRITE = PROT_READ | PROT_WRITE;
int failures = 0;

void read(const volatile char* address) { static_cast<void>(*address); }
void write(volatile char* address) { *address = 1; }

// Makes the program's own pages young and dirty, and gives it copies of its own.
void settle() {
    for (const char* page = __executable_start; page < _end; page += PAGE_SIZE)
        read(page);
    for (char* page = __data_start__; page < _end; page += PAGE_SIZE)
        *const_cast<volatile char*>(page) = *page;
    volatile char stack[4 * PAGE_SIZE];
    for (std::size_t i = 0; i < sizeof stack; i += PAGE_SIZE)
        stack[i] = 0;
}

template <class Access>
void expect_faults(long expected, const char* what, Access&& access) {
    settle();
    const long before = minor_faults();
    access();
    const long faults = minor_faults() - before;
    if (faults == expected)
        return;
    ++failures;
    complain("fault_counts: %s: %ld faults, expected %ld\n", what, faults, expected);
}

volatile char* map(int flags, int fd = -1, std::size_t pages = 1) {
    return reinterpret_cast<volatile char*>(
        must(sys_mmap2(nullptr, pages * PAGE_SIZE, READ_WRITE, flags, fd, 0), "fault_counts: mmap"));
}

int one_page_file() {
    const int fd = static_cast<int>(must(sys_memfd_create("fault_counts"), "fault_counts: memfd_create"));
    must(sys_write(fd, "x", 1), "fault_counts: write");
    must(sys_ftruncate(fd, PAGE_SIZE), "fault_counts: ftruncate");
    return fd;
}

void* start_of(volatile char* page) { return const_cast<char*>(page); }

void age_all_pages() {
    const int fd = static_cast<int>(must(sys_open("/proc/self/clear_refs", O_WRONLY), "/proc/self/clear_refs"));
    must(sys_write(fd, "1", 1), "/proc/self/clear_refs");
    sys_write(fd, "4", 1); // Linux flushes the TLB for "4" only
    sys_close(fd);
}

void each_kind_of_memory() {
    struct {
        const char* name;
        int flags;
        bool file;
        long read_first[4];  // read, read again, write, write again
        long write_first[2]; // write, read
    } const kinds[] = {
        // The zero page, then a page of its own.
        {"private anonymous", MAP_PRIVATE | MAP_ANONYMOUS, false, {1, 0, 1, 0}, {1, 0}},
        // Clean, then dirty: the hardware descriptor is read-only in between.
        {"shared anonymous", MAP_SHARED | MAP_ANONYMOUS, false, {1, 0, 1, 0}, {1, 0}},
        {"shared file", MAP_SHARED, true, {1, 0, 1, 0}, {1, 0}},
        // The file's page, then the private copy.
        {"private file", MAP_PRIVATE, true, {1, 0, 1, 0}, {1, 0}},
    };
    for (const auto& kind : kinds) {
        print("fault_counts: %s\n", kind.name);
        volatile char* page = map(kind.flags, kind.file ? one_page_file() : -1);
        expect_faults(kind.read_first[0], "first read", [=] { read(page); });
        expect_faults(kind.read_first[1], "second read", [=] { read(page); });
        expect_faults(kind.read_first[2], "write after read", [=] { write(page); });
        expect_faults(kind.read_first[3], "second write", [=] { write(page); });
        page = map(kind.flags, kind.file ? one_page_file() : -1);
        expect_faults(kind.write_first[0], "first write", [=] { write(page); });
        expect_faults(kind.write_first[1], "read after write", [=] { read(page); });
    }
}

void changed_by_system_calls() {
    print("fault_counts: aged, advised, protected\n");
    volatile char* const page = map(MAP_PRIVATE | MAP_ANONYMOUS);
    write(page);
    age_all_pages();
    expect_faults(1, "read of an aged page", [=] { read(page); });
    expect_faults(0, "write after that, dirty all along", [=] { write(page); });
    age_all_pages();
    expect_faults(1, "write to an aged page", [=] { write(page); });

    must(sys_madvise(start_of(page), PAGE_SIZE, MADV_COLD), "fault_counts: MADV_COLD");
    expect_faults(1, "read after MADV_COLD", [=] { read(page); });
    must(sys_madvise(start_of(page), PAGE_SIZE, MADV_FREE), "fault_counts: MADV_FREE");
    expect_faults(1, "read after MADV_FREE", [=] { read(page); });
    expect_faults(1, "write after that, now clean", [=] { write(page); });
    must(sys_madvise(start_of(page), PAGE_SIZE, MADV_DONTNEED), "fault_counts: MADV_DONTNEED");
    expect_faults(1, "write after MADV_DONTNEED", [=] { write(page); });

    must(sys_mprotect(start_of(page), PAGE_SIZE, PROT_READ), "fault_counts: mprotect");
    expect_faults(0, "read after mprotect to read-only", [=] { read(page); });
    must(sys_mprotect(start_of(page), PAGE_SIZE, READ_WRITE), "fault_counts: mprotect");
    expect_faults(0, "write of a dirty page after mprotect there and back", [=] { write(page); });

    volatile char* const untouched = map(MAP_PRIVATE | MAP_ANONYMOUS);
    const int file = one_page_file();
    expect_faults(1, "the kernel's write to an untouched page, in read(2)",
                  [=] { sys_pread(file, start_of(untouched), 1, 0); });
    volatile char* const shared = map(MAP_SHARED, file);
    read(shared);
    expect_faults(1, "the kernel's write to a clean page, in read(2)",
                  [=] { sys_pread(file, start_of(shared), 1, 0); });
    expect_faults(0, "a write after that", [=] { write(shared); });

    char* const old_break = reinterpret_cast<char*>((sys_brk(nullptr) + 4095L) & ~4095L);
    sys_brk(old_break + PAGE_SIZE);
    expect_faults(1, "first write beyond the old break", [=] { write(old_break); });
}

// Runs `questions` in a child, and counts a failure there as ours.
template <class Questions>
void in_child(Questions&& questions) {
    const int child = static_cast<int>(must(sys_fork(), "fault_counts: fork"));
    if (child == 0) {
        failures = 0;
        questions();
        sys_exit_group(failures == 0 ? 0 : 1);
    }
    int status = 0;
    must(sys_wait4(child, &status), "fault_counts: wait4");
    failures += status != 0;
}

void across_fork() {
    print("fault_counts: across fork\n");
    volatile char* const page = map(MAP_PRIVATE | MAP_ANONYMOUS);
    volatile char* const shared = map(MAP_SHARED | MAP_ANONYMOUS);
    write(page);
    write(shared);
    in_child([=] {
        expect_faults(1, "the child's first read: its copy of the entry is old", [=] { read(page); });
        expect_faults(1, "the child's write: the copy", [=] { write(page); });
        expect_faults(0, "the child's second write", [=] { write(page); });
        expect_faults(1, "the child's read of a shared page", [=] { read(shared); });
        expect_faults(1, "the child's write of it, clean until then", [=] { write(shared); });
    });
    expect_faults(0, "the parent's read after fork", [=] { read(page); });
    expect_faults(1, "the parent's write, the child gone: the page is reused", [=] { write(page); });
    expect_faults(0, "the parent's second write", [=] { write(page); });
    in_child([=] { expect_faults(1, "the child's write at once", [=] { write(page); }); });
    in_child([=] { in_child([=] { expect_faults(1, "a grandchild's write", [=] { write(page); }); }); });

    int hold[2];
    must(sys_pipe(hold), "fault_counts: pipe");
    const int child = static_cast<int>(must(sys_fork(), "fault_counts: fork"));
    if (child == 0) {
        sys_close(hold[1]);
        char byte;
        sys_read(hold[0], &byte, 1);
        sys_exit_group(0);
    }
    expect_faults(1, "the parent's write while the child lives: the copy", [=] { write(page); });
    expect_faults(0, "the parent's write to a shared page after fork", [=] { write(shared); });
    sys_close(hold[1]);
    must(sys_wait4(child, nullptr), "fault_counts: wait4");
}

} // namespace

int main() {
    each_kind_of_memory();
    changed_by_system_calls();
    across_fork();
    if (failures == 0)
        print("fault_counts: every access faulted exactly as often as it should\n");
    return failures == 0 ? 0 : 1;
}
