// Small ELF programs, and what is changed in them. The program only ends, with status 7; what becomes of a changed one is
// its own affair. It must not be the kernel's.
#include "tests/fuzz/calls/elf_files.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <asm/signal.h>
#include <linux/elf-em.h>
#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/resource.h>

#include <ulib/sys.hpp>

#include "tests/fuzz/calls/shared.hpp"

namespace faultline::fuzz {

namespace {

constexpr unsigned HEADERS = 5;
constexpr unsigned FIXED_PLACE = 0x10000;
constexpr long LONGEST_US = 5000; // of CPU and of real time

struct File {
    Elf32_Ehdr header;
    Elf32_Phdr programs[HEADERS];
    char interpreter[32];
    unsigned code[8];
    unsigned data[4];
    unsigned note[8];
};

// mov r0, #7; mov r7, #248 (exit_group); svc 0; b .
constexpr unsigned CODE[] = {0xe3a00007, 0xe3a070f8, 0xef000000, 0xeafffffe};

File valid(Random& random, const char* interpreter) {
    File file{};
    const bool moves = random.once_in(2);
    const unsigned place = moves ? 0 : FIXED_PLACE;
    std::memcpy(file.header.e_ident, ELFMAG, SELFMAG);
    file.header.e_ident[EI_CLASS] = ELFCLASS32;
    file.header.e_ident[EI_DATA] = ELFDATA2LSB;
    file.header.e_ident[EI_VERSION] = EV_CURRENT;
    file.header.e_type = moves ? ET_DYN : ET_EXEC;
    file.header.e_machine = EM_ARM;
    file.header.e_version = EV_CURRENT;
    file.header.e_entry = place + offsetof(File, code);
    file.header.e_phoff = offsetof(File, programs);
    file.header.e_flags = 0x05000400; // EABI 5, hard float
    file.header.e_ehsize = sizeof(Elf32_Ehdr);
    file.header.e_phentsize = sizeof(Elf32_Phdr);
    std::copy(std::begin(CODE), std::end(CODE), file.code);

    unsigned count = 0;
    const auto add = [&](unsigned type, unsigned offset, unsigned address, unsigned bytes, unsigned memory,
                         unsigned flags) {
        file.programs[count++] = {type, offset, address, address, bytes, memory, flags, PAGE_SIZE};
    };
    if (interpreter != nullptr) {
        std::strcpy(file.interpreter, interpreter);
        add(PT_INTERP, offsetof(File, interpreter), place + offsetof(File, interpreter),
            static_cast<unsigned>(std::strlen(interpreter)) + 1, static_cast<unsigned>(std::strlen(interpreter)) + 1,
            PF_R);
    }
    add(PT_LOAD, 0, place, sizeof(File), sizeof(File), PF_R | PF_X);
    add(PT_LOAD, offsetof(File, data), place + PAGE_SIZE + offsetof(File, data), sizeof file.data, 3 * PAGE_SIZE,
        PF_R | PF_W);
    if (random.once_in(2))
        add(PT_GNU_STACK, 0, 0, 0, 0, PF_R | PF_W);
    if (random.once_in(3))
        add(PT_NOTE, offsetof(File, note), place + offsetof(File, note), sizeof file.note, sizeof file.note, PF_R);
    file.header.e_phnum = static_cast<Elf32_Half>(count);
    return file;
}

unsigned odd_word(Random& random, unsigned old) {
    static constexpr unsigned some[] = {0,          1,          0xffffffff, 0x7fffffff, 0x80000000, 0xbf000000,
                                        0xbefff000, 0xfffff000, 0x1000,     0xfff,      0x1001,     0xffff0000};
    switch (random.below(4)) {
    case 0:
        return old + (random.once_in(2) ? 1u << random.below(32) : PAGE_SIZE);
    case 1:
        return old ^ 1u << random.below(32);
    case 2:
        return random.word();
    default:
        return some[random.below(std::size(some))];
    }
}

// Changes some words of the file header and the program headers, mostly, or bytes anywhere. Returns the new length.
unsigned mutate(Random& random, File& file) {
    const auto change = [&](void* memory, unsigned bytes) {
        char* const at = static_cast<char*>(memory) + random.below(bytes / 4) * 4;
        unsigned word;
        std::memcpy(&word, at, sizeof word);
        word = odd_word(random, word);
        std::memcpy(at, &word, sizeof word);
    };
    for (unsigned i = 0, changes = random.below(4); i < changes; ++i)
        switch (random.below(8)) {
        case 0:
            change(reinterpret_cast<char*>(&file.header) + EI_NIDENT, sizeof file.header - EI_NIDENT);
            break;
        case 1:
            change(&file, sizeof file);
            break;
        case 2: // another header, or several of a kind
            file.programs[random.below(HEADERS)] = file.programs[random.below(HEADERS)];
            break;
        default:
            change(file.programs, sizeof file.programs);
        }
    return random.once_in(10) ? random.below(sizeof file) : sizeof file;
}

// Writes the file under a free name in the arena. Returns whether that was possible.
bool write_file(const char* name, const void* data, unsigned bytes) {
    const long fd = sys_open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0755);
    if (is_error(fd))
        return false;
    const bool written = sys_write(static_cast<int>(fd), data, bytes) == static_cast<long>(bytes);
    sys_close(static_cast<int>(fd));
    return written;
}

[[noreturn]] void become(const char* name) {
    system_call(__NR_setgroups32, 0, nullptr);
    system_call(__NR_setresgid32, FIRST_USER, FIRST_USER, FIRST_USER);
    if (sys_open("/proc/self/exe", O_RDONLY) >= 0 &&
        system_call(__NR_setresuid32, FIRST_USER, FIRST_USER, FIRST_USER) == 0) {
        const unsigned long long none = 0;
        system_call(__NR_rt_sigprocmask, 2, &none, nullptr, 8);
        const unsigned defaults[5] = {};
        system_call(__NR_rt_sigaction, SIGALRM, defaults, nullptr, 8);
        const long soon[4] = {0, 0, 0, LONGEST_US};
        system_call(__NR_setitimer, 0, soon, nullptr); // execve(2) keeps it
        char word[] = "elf";
        char* argv[] = {word, nullptr};
        sys_execve(name, argv, argv + 1);
    }
    sys_exit_group(8);
}

} // namespace

long run_mutated_elf(Random& random) {
    char name[64] = "/tmp/fuzz/elf/p", interpreter[64] = "/tmp/fuzz/elf/i";
    const char digits[] = {static_cast<char>('a' + sys_gettid() % 26), static_cast<char>('a' + sys_gettid() / 26 % 26),
                           '\0'};
    std::strcat(name, digits);
    std::strcat(interpreter, digits);
    const bool with_interpreter = random.once_in(3);
    File file = valid(random, with_interpreter ? interpreter : nullptr);
    const unsigned bytes = mutate(random, file);
    sys_unlink(name);
    if (!write_file(name, &file, bytes))
        return -EAGAIN;
    if (with_interpreter) {
        File other = valid(random, nullptr);
        const unsigned other_bytes = mutate(random, other);
        sys_unlink(interpreter);
        write_file(interpreter, &other, other_bytes);
    }
    const long child = sys_fork();
    if (child == 0)
        become(name);
    if (is_error(child))
        return child;
    int status = 0;
    long reaped = 0;
    while ((reaped = sys_wait4(static_cast<int>(child), &status, __WALL)) == -EINTR)
        sys_kill(static_cast<int>(child), SIGKILL);
    return is_error(reaped) ? reaped : status;
}

} // namespace faultline::fuzz
