// A child and its status; a file written and read; new memory, and what fork copies; a futex between processes; uname.
#include "tests/fuzz/calls/probes.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/utsname.h>

#include <ulib/futex.hpp>
#include <ulib/sys.hpp>

namespace faultline::fuzz {

namespace {

constexpr std::size_t BYTES = 8 * PAGE_SIZE;
constexpr int STATUS = 7;

bool lacks_memory(long result) { return result == -ENOMEM || result == -EAGAIN || result == -ENOSPC; }

// Runs `answer` in a child, which must end with its result; 0 to 255. -1: there was no memory for a child.
template <class Answer>
int in_child(Answer&& answer) {
    const long child = sys_fork();
    if (child == 0)
        sys_exit_group(answer());
    if (is_error(child))
        return lacks_memory(child) ? -1 : -2;
    int status = 0;
    if (sys_wait4(static_cast<int>(child), &status) != child || !exited(status))
        return -2;
    return exit_status(status);
}

const char* child() {
    const int status = in_child([] { return STATUS; });
    return status == STATUS || status == -1 ? nullptr : "a child's status is not what it ended with";
}

const char* file() {
    static char wrote[BYTES], read[BYTES];
    static unsigned char turn = 0;
    std::memset(wrote, ++turn, sizeof wrote);
    constexpr const char* name = "/tmp/fuzz_probe";
    const long fd = sys_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (is_error(fd))
        return lacks_memory(fd) ? nullptr : "a new file cannot be made";
    const long length = sys_write(static_cast<int>(fd), wrote, sizeof wrote);
    const long back = sys_pread(static_cast<int>(fd), read, sizeof read, 0);
    sys_close(static_cast<int>(fd));
    sys_unlink(name);
    if (is_error(length))
        return lacks_memory(length) ? nullptr : "a file cannot be written";
    if (back != length || std::memcmp(wrote, read, static_cast<std::size_t>(length)) != 0)
        return "a file does not read as it was written";
    return nullptr;
}

const char* memory() {
    const long at = sys_mmap2(nullptr, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (is_error(at))
        return lacks_memory(at) ? nullptr : "no mapping can be made";
    unsigned* const words = reinterpret_cast<unsigned*>(at);
    constexpr std::size_t count = BYTES / sizeof *words;
    const char* defect = nullptr;
    if (!std::all_of(words, words + count, [](unsigned word) { return word == 0; }))
        defect = "new memory is not zero";
    std::fill(words, words + count, 0x5aa5'1234u);
    const int status = in_child([&] {
        const bool copied = std::all_of(words, words + count, [](unsigned word) { return word == 0x5aa5'1234u; });
        std::fill(words, words + count, 1);
        return copied ? 0 : 1;
    });
    if (status != 0 && status != -1)
        defect = "a child's memory is not a copy";
    if (!std::all_of(words, words + count, [](unsigned word) { return word == 0x5aa5'1234u; }))
        defect = "a child has written its parent's memory";
    sys_munmap(words, BYTES);
    return defect;
}

const char* futex() {
    const long at = sys_mmap2(nullptr, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (is_error(at))
        return lacks_memory(at) ? nullptr : "no mapping can be made";
    Word* const words = reinterpret_cast<Word*>(at);
    const char* defect = nullptr;
    const long child = sys_fork();
    if (child == 0) {
        while (words[0].load() == 0)
            futex_wait(&words[0], 0);
        words[1].store(1);
        futex_wake(&words[1], 1);
        sys_exit_group(STATUS);
    }
    if (!is_error(child)) {
        sys_sched_yield(); // it begins to wait
        words[0].store(1);
        futex_wake(&words[0], 1);
        for (unsigned turn = 0; words[1].load() == 0 && turn < 100; ++turn)
            futex_wait_for(&words[1], 0, 100);
        if (words[1].load() == 0) {
            defect = "a futex's waiter was not woken";
            sys_kill(static_cast<int>(child), SIGKILL);
        }
        int status = 0;
        if (sys_wait4(static_cast<int>(child), &status) != child)
            defect = "a child cannot be waited for";
    } else if (!lacks_memory(child)) {
        defect = "no child can be made";
    }
    sys_munmap(words, PAGE_SIZE);
    return defect;
}

const char* name() {
    new_utsname system{};
    if (system_call(__NR_uname, &system) != 0 || std::strcmp(system.sysname, "Linux") != 0 || system.release[0] == '\0')
        return "uname has forgotten the system's name";
    return system_call(__NR_getuid32) == 0 ? nullptr : "the monitor is no longer root";
}

} // namespace

const char* probe(unsigned which) {
    static constexpr const char* (*all[PROBES])() = {child, file, memory, futex, name};
    return all[which % PROBES]();
}

} // namespace faultline::fuzz
