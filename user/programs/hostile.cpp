// A program that means harm. Each attempt runs in a child of its own. The child must die of SIGSEGV, or the call must
// return an error; in any case the next attempt must run.
#include <algorithm>
#include <array>

#include <asm/signal.h>
#include <linux/futex.h>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

using namespace faultline;

namespace {

int failures = 0;

// Runs `attempt` in a child. Returns the child's status, as a shell gives it.
template <class Attempt>
int status_of(Attempt&& attempt) {
    const int child = static_cast<int>(must(sys_fork(), "hostile: fork"));
    if (child == 0) {
        attempt();
        sys_exit_group(0);
    }
    int status = 0;
    must(sys_wait4(child, &status), "hostile: wait4");
    return shell_status(status);
}

template <class Attempt>
void dies(const char* what, Attempt&& attempt) {
    const int status = status_of(attempt);
    if (status == 128 + SIGSEGV)
        return;
    ++failures;
    complain("hostile: %s: status %d, expected death by SIGSEGV (%d)\n", what, status, 128 + SIGSEGV);
}

void store(std::uintptr_t address) { __asm__ volatile("str %0, [%0]" ::"r"(address) : "memory"); }
void load(std::uintptr_t address) { __asm__ volatile("ldr r0, [%0]" ::"r"(address) : "r0", "memory"); }
void jump(std::uintptr_t address) { reinterpret_cast<void (*)()>(address)(); }

void forbidden_accesses() {
    dies("reading NULL", [] { load(0); });
    dies("writing NULL", [] { store(0); });
    dies("jumping to NULL", [] { jump(0); });
    for (std::uintptr_t address : {0x80008000u, 0xc0008000u, 0xf0000000u, 0xfffffffcu}) {
        dies("reading kernel memory", [=] { load(address); });
        dies("writing kernel memory", [=] { store(address); });
        dies("jumping into the kernel", [=] { jump(address); });
    }
    dies("writing the vector page", [] { store(0xffff0000); });
    dies("executing the stack", [] {
        u32 code[] = {0xe12fff1e}; // bx lr
        __asm__ volatile("" ::"r"(code) : "memory");
        jump(reinterpret_cast<std::uintptr_t>(code));
    });
    dies("executing data", [] {
        static u32 code[] = {0xe12fff1e};
        jump(reinterpret_cast<std::uintptr_t>(code));
    });
    dies("writing its own text", [] { store(reinterpret_cast<std::uintptr_t>(&store) & ~3u); });
    dies("writing its own constants", [] { store(reinterpret_cast<std::uintptr_t>("constant") & ~3u); });
    dies("returning from a signal that never came", [] {
        __asm__ volatile("mov sp, #0\n"
                         "mov r7, %0\n"
                         "svc 0" ::"I"(__NR_rt_sigreturn)
                         : "r7", "memory");
    });
}

// All other arguments are right, so a bad pointer must give EFAULT. A kernel without the call may return ENOSYS.
void wants_efault(const char* name, long result) {
    if (result == -EFAULT || result == -ENOSYS)
        return;
    ++failures;
    complain("hostile: %s with a bad pointer answered %ld (%s)\n", name, result, errno_name(result));
}

void bad_pointers() {
    int ends[2];
    must(sys_pipe(ends), "hostile: pipe");
    must(sys_write(ends[1], "bytes", 5), "hostile: write");
    const int file = static_cast<int>(must(sys_memfd_create("hostile"), "hostile: memfd_create"));
    must(sys_write(file, "bytes", 5), "hostile: write");
    void* const read_only = reinterpret_cast<void*>(
        must(sys_mmap2(nullptr, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "hostile: mmap"));
    void* const gone = reinterpret_cast<void*>(must(
        sys_mmap2(nullptr, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "hostile: mmap"));
    must(sys_munmap(gone, PAGE_SIZE), "hostile: munmap");

    void* const bad[] = {gone, reinterpret_cast<void*>(0x80008000), reinterpret_cast<void*>(0xc0008000),
                         reinterpret_cast<void*>(0xf0000ff0), reinterpret_cast<void*>(0xffffffff)};
    for (void* pointer : bad) {
        const char* const path = static_cast<const char*>(pointer);
        wants_efault("write", sys_write(ends[1], pointer, 1));
        wants_efault("open", sys_open(path, O_RDONLY));
        wants_efault("unlink", sys_unlink(path));
        wants_efault("execve", sys_execve(path, nullptr, nullptr));
        wants_efault("memfd_create", sys_memfd_create(path));
        wants_efault("nanosleep", system_call(__NR_nanosleep, pointer, nullptr));
        wants_efault("rt_sigaction", system_call(__NR_rt_sigaction, SIGUSR1, pointer, nullptr, 8));
        wants_efault("rt_sigprocmask", system_call(__NR_rt_sigprocmask, SIG_BLOCK, pointer, nullptr, 8));
        wants_efault("futex", system_call(__NR_futex, reinterpret_cast<std::uintptr_t>(pointer) & ~3ul, FUTEX_WAIT, 0));
    }
    for (void* pointer : {bad[0], bad[1], bad[2], bad[4], read_only}) {
        wants_efault("read of a pipe", sys_read(ends[0], pointer, 1));
        wants_efault("read of a file", sys_pread(file, pointer, 1, 0));
        wants_efault("pipe2", system_call(__NR_pipe2, pointer, 0));
        wants_efault("fstat64", system_call(__NR_fstat64, file, pointer));
        wants_efault("clock_gettime", system_call(__NR_clock_gettime, 0, pointer));
        wants_efault("clock_gettime64", system_call(__NR_clock_gettime64, 0, pointer));
        wants_efault("getrusage", system_call(__NR_getrusage, 0, pointer));
        wants_efault("uname", system_call(__NR_uname, pointer));
        wants_efault("old mask of rt_sigprocmask", system_call(__NR_rt_sigprocmask, SIG_BLOCK, nullptr, pointer, 8));
        const int child = static_cast<int>(must(sys_fork(), "hostile: fork"));
        if (child == 0)
            sys_exit_group(0);
        wants_efault("status of wait4", system_call(__NR_wait4, child, pointer, 0, nullptr));
        sys_wait4(child, nullptr); // Linux has reaped it already when it finds the pointer bad
    }
}

// Calls that by their nature do not return, or wait for something, or would end the machine or the caller. And msgget,
// semget and shmget, which take no pointer: any key is valid, and what they make would stay.
constexpr auto left_out = std::to_array<int>({
    __NR_exit,
    __NR_exit_group,
    __NR_fork,
    __NR_vfork,
    __NR_clone,
    __NR_clone3,
    __NR_sigreturn,
    __NR_rt_sigreturn,
    __NR_pause,
    __NR_sigsuspend,
    __NR_rt_sigsuspend,
    __NR_reboot,
    __NR_rt_sigtimedwait,
    __NR_rt_sigtimedwait_time64,
    __NR__newselect,
    __NR_pselect6,
    __NR_pselect6_time64,
    __NR_poll,
    __NR_ppoll,
    __NR_ppoll_time64,
    __NR_epoll_wait,
    __NR_epoll_pwait,
    __NR_epoll_pwait2,
    __NR_msgget,
    __NR_semget,
    __NR_shmget,
    __NR_wait4,
    __NR_waitid,
    __NR_kill,
    __NR_tkill,
    __NR_tgkill,
    __NR_vhangup,
    __NR_kexec_load,
    __NR_sync,
    __NR_seccomp,
    __NR_nanosleep,
    __NR_clock_nanosleep,
});

void every_number() {
    static char buffer[16];
    const std::uintptr_t patterns[] = {
        0, 0x1000, reinterpret_cast<std::uintptr_t>(buffer + 1), 0x80001000, 0xc0001000, 0xffff0000, 0xffffffff};
    for (std::uintptr_t argument : patterns) {
        // One child per pattern: a call may take away the child's memory or its signals, and the child may die of that.
        const int status = status_of([=] {
            for (int number = 0; number <= 450; ++number)
                if (std::find(left_out.begin(), left_out.end(), number) == left_out.end())
                    system_call(number, argument, argument, argument, argument, argument, argument);
        });
        if (status != 0 && status != 128 + SIGSEGV) {
            ++failures;
            complain("hostile: every system call with %#lx: status %d\n", static_cast<unsigned long>(argument), status);
        }
    }
    for (int number : {222, 223, 451, 500, 1000, 4000})
        if (const long result = system_call(number); result != -ENOSYS) {
            ++failures;
            complain("hostile: system call %d answered %ld, expected ENOSYS\n", number, result);
        }
}

} // namespace

int main() {
    forbidden_accesses();
    bad_pointers();
    every_number();
    const int status = status_of([] {});
    if (status != 0)
        fail("hostile: a plain child afterwards ended with status %d\n", status);
    if (failures == 0)
        print("hostile: every attempt ended in SIGSEGV or an error, and the next one ran\n");
    return failures == 0 ? 0 : 1;
}
