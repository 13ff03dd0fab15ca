// Operations on the address space, and page faults.
#include <asm/signal.h>
#include <linux/fcntl.h>

#include "tests/boot/fail_nth/scenario.hpp"

namespace faultline::fail_nth {

namespace {

constexpr std::size_t TABLE = 2u << 20; // bytes for which one page of tables serves
constexpr int ANON = MAP_PRIVATE | MAP_ANONYMOUS;

// Pages of the test's own, in areas of which each begins a table: what is mapped there meets nothing else.
char* const AREA = reinterpret_cast<char*>(0x20000000);
char* const FAR_AREA = AREA + 8 * TABLE;

char* at(char* base, unsigned page) { return base + page * PAGE_SIZE; }

void place(char* where, unsigned pages, int flags = ANON, int fd = -1) {
    must(sys_mmap2(where, pages * PAGE_SIZE, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0), "fail_nth: mmap");
}
void fill(char* base, unsigned pages) {
    for (unsigned page = 0; page < pages; ++page)
        *at(base, page) = static_cast<char>('a' + page);
}
bool filled(const char* base, unsigned pages, unsigned first = 0) {
    for (unsigned page = 0; page < pages; ++page)
        if (base[page * PAGE_SIZE] != static_cast<char>('a' + first + page))
            return false;
    return true;
}
const char* clear() {
    sys_munmap(AREA, 4 * TABLE);
    sys_munmap(FAR_AREA, 4 * TABLE);
    return nullptr;
}
const char* clear_after(long) { return clear(); }

int data_file() { // with eight pages, in the page cache
    static char page[PAGE_SIZE];
    const int fd = static_cast<int>(must(sys_open("/tmp/fail_nth/data", O_RDWR | O_CREAT | O_CLOEXEC, 0600), "data"));
    for (unsigned i = 0; i < 8; ++i) {
        page[0] = static_cast<char>('a' + i);
        must(sys_write(fd, page, sizeof page), "fail_nth: write");
    }
    return fd;
}
int the_file = -1;

void eight_pages() {
    place(AREA, 8);
    fill(AREA, 8);
}
long remap(char* from, unsigned pages, unsigned new_pages, unsigned flags, char* to = nullptr) {
    return system_call(__NR_mremap, from, pages * PAGE_SIZE, new_pages * PAGE_SIZE, flags, to);
}
constexpr unsigned MAYMOVE = 1, FIXED = 2, DONTUNMAP = 4;

// What an mremap of pages 2 … 5 must have left: all where it was, or those four at `to`.
const char* moved_whole(long result, char* to) {
    const bool right =
        is_error(result) ? filled(AREA, 8) : filled(AREA, 2) && filled(at(AREA, 6), 2, 6) && filled(to, 4, 2);
    clear();
    return right ? nullptr : "pages are not where they should be";
}

long write_to(char* where) {
    *static_cast<volatile char*>(where) = 1;
    return 0;
}
long read_from(const char* where) {
    static_cast<void>(*static_cast<const volatile char*>(where));
    return 0;
}

int sharer = 0; // a process with a copy of this one's memory

void share_pages() {
    eight_pages();
    sharer = static_cast<int>(must(sys_fork(), "fail_nth: fork"));
    if (sharer == 0) {
        system_call(__NR_prctl, 1, SIGKILL); // PR_SET_PDEATHSIG
        for (;;)
            sys_pause();
    }
}
const char* end_sharing(long) {
    sys_kill(sharer, SIGKILL);
    sys_wait4(sharer, nullptr, __WALL);
    return clear();
}

char* old_break = nullptr;
char* last_page_of_heap() {
    return reinterpret_cast<char*>((reinterpret_cast<std::uintptr_t>(old_break) - 1) & ~(PAGE_SIZE - 1));
}

constexpr Scenario scenarios[] = {
    {.name = "mmap anonymous",
     .at_least = 1,
     .run = [] { return sys_mmap2(AREA, PAGE_SIZE, PROT_READ, ANON | MAP_FIXED, -1, 0); },
     .undo = clear_after,
     .keeps_maps = true},
    {.name = "mmap populated",
     .at_least = 6,
     .run = [] { return sys_mmap2(AREA, 8 * PAGE_SIZE, 3, ANON | MAP_FIXED | MAP_POPULATE, -1, 0); },
     .undo = clear_after,
     .keeps_maps = true},
    {.name = "mmap shared",
     .at_least = 2,
     .run = [] { return sys_mmap2(AREA, PAGE_SIZE, 3, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0); },
     .undo = clear_after,
     .keeps_maps = true},
    {.name = "mmap file",
     .at_least = 1,
     .run = [] { return sys_mmap2(AREA, PAGE_SIZE, 3, MAP_SHARED | MAP_FIXED, the_file, 0); },
     .prepare = [] { the_file = data_file(); },
     .undo =
         [](long) {
             sys_close(the_file);
             return clear();
         },
     .keeps_maps = true},
    {.name = "mremap in place",
     .at_least = 0,
     .run = [] { return remap(AREA, 8, 12, 0); },
     .prepare = eight_pages,
     .undo = clear_after,
     .keeps_maps = true},
    {.name = "mremap grows and moves",
     .at_least = 1,
     .run = [] { return remap(AREA, 8, 12, MAYMOVE); },
     .prepare =
         [] {
             eight_pages();
             place(at(AREA, 8), 1, MAP_SHARED | MAP_ANONYMOUS);
         },
     .undo = [](long result) -> const char* {
         char* const now = is_error(result) ? AREA : reinterpret_cast<char*>(result);
         const bool right = filled(now, 8);
         if (!is_error(result))
             unmap(now, 12 * PAGE_SIZE);
         clear();
         return right ? nullptr : "pages are not where they should be";
     },
     .keeps_maps = true},
    {.name = "mremap moves the middle",
     .at_least = 3,
     .run = [] { return remap(at(AREA, 2), 4, 4, MAYMOVE | FIXED, FAR_AREA); },
     .prepare = eight_pages,
     .undo = [](long result) { return moved_whole(result, FAR_AREA); },
     .keeps_maps = true},
    {.name = "mremap moves over two tables",
     .at_least = 3,
     .run = [] { return remap(at(AREA, 2), 4, 4, MAYMOVE | FIXED, FAR_AREA + TABLE - 2 * PAGE_SIZE); },
     .prepare = eight_pages,
     .undo = [](long result) { return moved_whole(result, FAR_AREA + TABLE - 2 * PAGE_SIZE); },
     .keeps_maps = true},
    {.name = "mremap moves between neighbours",
     .at_least = 3,
     .run = [] { return remap(at(AREA, 2), 4, 4, MAYMOVE | FIXED, at(FAR_AREA, 2)); },
     .prepare =
         [] {
             eight_pages();
             place(FAR_AREA, 2);
             place(at(FAR_AREA, 6), 2);
         },
     .undo = [](long result) { return moved_whole(result, at(FAR_AREA, 2)); },
     .keeps_maps = true},
    {.name = "mremap moves a file's pages",
     .at_least = 3,
     .run = [] { return remap(at(AREA, 2), 4, 4, MAYMOVE | FIXED, FAR_AREA); },
     .prepare =
         [] {
             the_file = data_file();
             place(AREA, 8, MAP_SHARED, the_file);
             fill(AREA, 8);
         },
     .undo =
         [](long result) {
             sys_close(the_file);
             return moved_whole(result, FAR_AREA);
         },
     .keeps_maps = true},
    {.name = "mremap leaves the old range",
     .at_least = 3,
     .run = [] { return remap(at(AREA, 2), 4, 4, MAYMOVE | FIXED | DONTUNMAP, FAR_AREA); },
     .prepare = eight_pages,
     .undo = [](long result) { return moved_whole(result, FAR_AREA); },
     .keeps_maps = true},
    {.name = "mremap shrinks",
     .at_least = 2,
     .run = [] { return remap(at(AREA, 2), 4, 2, 0); },
     .prepare = eight_pages,
     .undo = clear_after,
     .keeps_maps = true},
    {.name = "mprotect the middle",
     .at_least = 2,
     .run = [] { return sys_mprotect(at(AREA, 2), 4 * PAGE_SIZE, PROT_READ); },
     .prepare = eight_pages,
     .undo = clear_after,
     .keeps_maps = true},
    {.name = "munmap the middle",
     .at_least = 2,
     .run = [] { return sys_munmap(at(AREA, 2), 4 * PAGE_SIZE); },
     .prepare = eight_pages,
     .undo = clear_after,
     .keeps_maps = true},
    {.name = "mlock the middle",
     .at_least = 2,
     .run = [] { return system_call(__NR_mlock, at(AREA, 2), 4 * PAGE_SIZE); },
     .prepare = eight_pages,
     .undo = clear_after,
     .keeps_maps = true},
    {.name = "madvise the middle",
     .at_least = 2,
     .run = [] { return sys_madvise(at(AREA, 2), 4 * PAGE_SIZE, 10); }, // MADV_DONTFORK
     .prepare = eight_pages,
     .undo = clear_after,
     .error = -EAGAIN,
     .keeps_maps = true},
    {.name = "brk",
     .at_least = 1,
     .run =
         [] {
             const long now = sys_brk(old_break + 4 * PAGE_SIZE);
             return now == reinterpret_cast<long>(old_break) ? -long{ENOMEM} : now;
         },
     .prepare =
         [] { // the heap cannot just become longer: its end has other rights
             old_break = reinterpret_cast<char*>(sys_brk(reinterpret_cast<char*>(sys_brk(nullptr)) + PAGE_SIZE));
             must(sys_mprotect(last_page_of_heap(), PAGE_SIZE, PROT_READ), "fail_nth: mprotect");
         },
     .undo = [](long) -> const char* {
         must(sys_mprotect(last_page_of_heap(), PAGE_SIZE, PROT_READ | PROT_WRITE), "fail_nth: mprotect");
         sys_brk(old_break - PAGE_SIZE);
         return nullptr;
     },
     .keeps_maps = true},
    {.name = "fault: read anonymous",
     .at_least = 1,
     .run = [] { return read_from(AREA); },
     .prepare = [] { place(AREA, 1); },
     .undo = clear_after},
    {.name = "fault: write anonymous",
     .at_least = 2,
     .run = [] { return write_to(AREA); },
     .prepare = [] { place(AREA, 1); },
     .undo = clear_after},
    {.name = "fault: copy on write",
     .at_least = 1,
     .run = [] { return write_to(at(AREA, 3)); },
     .prepare = share_pages,
     .undo = end_sharing},
    {.name = "fault: read a file",
     .at_least = 1,
     .run = [] { return read_from(AREA); },
     .prepare =
         [] {
             the_file = data_file();
             place(AREA, 8, MAP_PRIVATE, the_file);
             sys_close(the_file);
         },
     .undo = clear_after},
    {.name = "fault: write a file's private page",
     .at_least = 2,
     .run = [] { return write_to(AREA); },
     .prepare =
         [] {
             the_file = data_file();
             place(AREA, 8, MAP_PRIVATE, the_file);
             sys_close(the_file);
         },
     .undo = clear_after},
    {.name = "fault: write shared memory",
     .at_least = 2,
     .run = [] { return write_to(AREA); },
     .prepare = [] { place(AREA, 1, MAP_SHARED | MAP_ANONYMOUS); },
     .undo = clear_after},
    {.name = "fault: a write in a system call",
     .at_least = 2,
     .run = [] { return sys_pread(FAIL_NTH_FD, AREA, 1, 0); },
     .prepare = [] { place(AREA, 1); },
     .undo = clear_after,
     .also = -EFAULT},
    {.name = "fault: a stack grows",
     .at_least = 2,
     .run = [] { return write_to(at(AREA, 2)); },
     .prepare = [] { place(at(AREA, 6), 2, ANON | MAP_GROWSDOWN); },
     .undo = clear_after},
};

} // namespace

std::span<const Scenario> memory_scenarios() { return scenarios; }

} // namespace faultline::fail_nth
