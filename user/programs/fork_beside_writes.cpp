// One thread makes the kernel write to its memory, over and over, while another thread forks. Each fork write-protects
// the page, perhaps between the kernel's check of it and its write. No write may be lost, and none may reach a child.
#include <ulib/print.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned FORKS = 200;

alignas(PAGE_SIZE) u32 page[PAGE_SIZE / sizeof(u32)];
std::atomic<bool> stop{false};
std::atomic<u32> latest{0}; // the last number that the kernel has certainly written to page[0]
int number_pipe[2];

// Sends growing numbers through a pipe, and receives each into the page.
void let_the_kernel_write(void*) {
    for (u32 number = 1; !stop; ++number) {
        must(sys_write(number_pipe[1], &number, sizeof number), "fork_beside_writes: write");
        must(sys_read(number_pipe[0], page, sizeof number), "fork_beside_writes: read");
        if (page[0] != number)
            fail("fork_beside_writes: %u was read into the page, which holds %u\n", number, page[0]);
        latest = number;
    }
}

} // namespace

int main() {
    must(sys_pipe(number_pipe), "fork_beside_writes: pipe");
    Thread writer;
    must(writer.start(let_the_kernel_write, nullptr), "fork_beside_writes: clone");
    for (unsigned i = 0; i < FORKS; ++i) {
        const u32 at_least = latest;
        const int child = static_cast<int>(must(sys_fork(), "fork_beside_writes: fork"));
        if (child == 0) {
            const u32 inherited = page[0];
            for (int turn = 0; turn < 3; ++turn)
                sys_sched_yield();
            const bool kept = page[0] == inherited && inherited >= at_least;
            page[0] = 0; // must not reach the parent either
            sys_exit_group(kept ? 0 : 1);
        }
        int status = 0;
        must(sys_wait4(child, &status), "fork_beside_writes: wait4");
        if (shell_status(status) != 0)
            fail("fork_beside_writes: child %u saw its page change, or an old one (status %d)\n", i,
                 shell_status(status));
    }
    stop = true;
    writer.join();
    print("fork_beside_writes: %u writes by the kernel beside %u forks, none lost\n", latest.load(), FORKS);
    return 0;
}
