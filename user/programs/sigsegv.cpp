// Faults as signals. The handler gets the address and the reason. It may repair the mapping or step over the
// instruction, and returns through sigreturn.
#include <ulib/print.hpp>
#include <ulib/signal.hpp>
#include <ulib/sys.hpp>

using namespace faultline;

namespace {

struct {
    int signal, code;
    void* address;
    int count;
} seen;

enum { SKIP_INSTRUCTION, MAKE_WRITABLE } reaction;

void handler(int signal, siginfo_t* info, void* context) {
    seen = {signal, info->si_code, info->si_addr, seen.count + 1};
    if (reaction == MAKE_WRITABLE)
        sys_mprotect(reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(info->si_addr) & ~(PAGE_SIZE - 1)),
                     PAGE_SIZE, PROT_READ | PROT_WRITE);
    else
        static_cast<struct ucontext*>(context)->uc_mcontext.arm_pc += 4; // every access here is one ARM instruction
}

// One store. The compiler may not merge its address and data registers with anything.
void store(unsigned* address, unsigned value) {
    __asm__ volatile("str %1, [%0]" ::"r"(address), "r"(value) : "memory");
}

void check(const char* what, int signal, int code, const void* address) {
    if (seen.count != 1 || seen.signal != signal || seen.code != code || seen.address != address)
        fail("sigsegv: %s: %d signals, the last %d with code %d at %p; expected one %d with code %d at %p\n", what,
             seen.count, seen.signal, seen.code, seen.address, signal, code, address);
    seen = {};
}

unsigned* map(std::size_t pages, int protection, int flags, int fd = -1) {
    return reinterpret_cast<unsigned*>(
        must(sys_mmap2(nullptr, pages * PAGE_SIZE, protection, flags, fd, 0), "sigsegv: mmap"));
}

} // namespace

int main() {
    must(set_signal_handler(SIGSEGV, handler), "sigsegv: sigaction");
    must(set_signal_handler(SIGBUS, handler), "sigsegv: sigaction");

    store(reinterpret_cast<unsigned*>(64), 1);
    check("store to NULL", SIGSEGV, SEGV_MAPERR, reinterpret_cast<void*>(64));

    store(reinterpret_cast<unsigned*>(0xc0001000), 1);
    if (seen.count != 1 || seen.signal != SIGSEGV || seen.address != reinterpret_cast<void*>(0xc0001000))
        fail("sigsegv: store to a kernel address was not a SIGSEGV there\n");
    seen = {};

    unsigned* const page = map(1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
    store(page + 3, 1);
    check("store to a read-only page", SIGSEGV, SEGV_ACCERR, page + 3);
    if (page[3] != 0)
        fail("sigsegv: a store that was stepped over happened\n");

    reaction = MAKE_WRITABLE;
    store(page + 3, 77);
    check("store to a page made writable by the handler", SIGSEGV, SEGV_ACCERR, page + 3);
    if (page[3] != 77)
        fail("sigsegv: a store was not repeated after the handler had permitted it\n");
    reaction = SKIP_INSTRUCTION;

    const int fd = static_cast<int>(must(sys_memfd_create("sigsegv"), "sigsegv: memfd_create"));
    must(sys_ftruncate(fd, PAGE_SIZE), "sigsegv: ftruncate");
    unsigned* const file = map(2, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    unsigned* const past = file + PAGE_SIZE / sizeof(unsigned) + 1;
    store(past, 1);
    check("store past the end of a file", SIGBUS, BUS_ADRERR, past);

    must(sys_munmap(page, PAGE_SIZE), "sigsegv: munmap");
    store(page, 1);
    check("store to memory unmapped again", SIGSEGV, SEGV_MAPERR, page);

    // A blocked SIGSEGV of a fault cannot be deferred: the kernel kills the process.
    const int child = static_cast<int>(must(sys_fork(), "sigsegv: fork"));
    if (child == 0) {
        must(block_signal(SIGSEGV), "sigsegv: sigprocmask");
        store(page, 1);
        sys_exit_group(0);
    }
    int status = 0;
    must(sys_wait4(child, &status), "sigsegv: wait4");
    if (shell_status(status) != 128 + SIGSEGV)
        fail("sigsegv: a fault with SIGSEGV blocked gave status %d\n", shell_status(status));

    print("sigsegv: signal, reason and address were right each time\n");
    return 0;
}
