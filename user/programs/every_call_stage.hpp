// What the letters of every_call_table.hpp stand for: the files, buffers and numbers on which the calls work. Each
// child that makes a call has a copy of all of it, except `answer`, which is shared.
#pragma once

#include <cstring>

#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/uio.h>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

namespace faultline {

inline constexpr long NOT_YET = -100'000; // no call returns this
inline constexpr const char* file_name = "/tmp/every_call/file";
inline constexpr const char* free_name = "/tmp/every_call/free";
inline constexpr const char* directory_name = "/tmp/every_call";

struct Stage {
    int file = -1, directory = -1, pipe[2] = {-1, -1}, epoll = -1, timer = -1;
    char* mapping = nullptr;         // four pages that the calls may use as they like
    volatile long* answer = nullptr; // shared with the child: what the call returned
    const char* strings[3] = {"every_call", "argument", nullptr};
    iovec vector{};
    alignas(PAGE_SIZE) char buffer[PAGE_SIZE] = {};
};
inline Stage stage;

inline void make_event_files() {
    stage.epoll = static_cast<int>(must(system_call(__NR_epoll_create1, 0), "every_call: epoll_create1"));
    stage.timer = static_cast<int>(must(system_call(__NR_timerfd_create, 1, 0), "every_call: timerfd_create"));
}

inline void make_stage() {
    const auto map = [](std::size_t size, int flags) {
        return reinterpret_cast<char*>(
            must(sys_mmap2(nullptr, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0), "mmap"));
    };
    must(system_call(__NR_mkdir, directory_name, 0700), "every_call: mkdir");
    stage.file = static_cast<int>(must(sys_open(file_name, O_RDWR | O_CREAT, 0700), "every_call: open"));
    stage.directory = static_cast<int>(must(sys_open(directory_name, O_RDONLY), "every_call: open"));
    must(sys_pipe(stage.pipe), "every_call: pipe");
    make_event_files();
    stage.mapping = map(4 * PAGE_SIZE, MAP_PRIVATE);
    stage.answer = reinterpret_cast<volatile long*>(map(PAGE_SIZE, MAP_SHARED));
    *stage.answer = NOT_YET;                           // the page is present from here on
    std::memset(stage.buffer, 0, sizeof stage.buffer); // and so is this one: process_vm_writev writes to this process
    stage.vector = {stage.buffer, 64};
}

// Removes what successful calls have left in the tree.
inline void sweep_stage() {
    system_call(__NR_umount2, directory_name, 0);
    system_call(__NR_rmdir, free_name);
    sys_unlink(free_name);
    system_call(__NR_flock, 0, LOCK_UN);
    for (const int old :
         {stage.file, stage.pipe[0], stage.pipe[1], stage.epoll, stage.timer}) // new ones get the same numbers
        sys_close(old);
    must(sys_open(file_name, O_RDWR | O_CREAT | O_TRUNC, 0700), "every_call: open");
    must(sys_pipe(stage.pipe), "every_call: pipe");
    make_event_files();
}

inline void strike_stage() {
    sys_close(stage.file);
    sys_close(stage.directory);
    sys_close(stage.pipe[0]);
    sys_close(stage.pipe[1]);
    sys_close(stage.epoll);
    sys_close(stage.timer);
    sys_unlink(file_name);
    must(system_call(__NR_rmdir, directory_name), "every_call: rmdir");
    sys_munmap(stage.mapping, 4 * PAGE_SIZE);
    sys_munmap(const_cast<long*>(stage.answer), PAGE_SIZE);
}

inline long argument(char letter) {
    const auto address = [](const void* pointer) {
        return static_cast<long>(reinterpret_cast<std::uintptr_t>(pointer));
    };
    switch (letter) {
    case '1':
        return 1;
    case 'k':
        return -1;
    case 's':
        return 8;
    case 'z':
        return 64;
    case 'g':
        return PAGE_SIZE;
    case 'f':
        return stage.file;
    case 'd':
        return stage.directory;
    case 'r':
        return stage.pipe[0];
    case 'w':
        return stage.pipe[1];
    case 'e':
        return stage.epoll;
    case 'T':
        return stage.timer;
    case 'c':
        return AT_FDCWD;
    case 'p':
        return address(file_name);
    case 'q':
        return address(free_name);
    case 'y':
        return address("tmpfs");
    case 'D':
        return address(directory_name);
    case 'b':
        return address(stage.buffer);
    case 'm':
        return address(stage.mapping);
    case 'v':
        return address(&stage.vector);
    case 'a':
        return address(stage.strings);
    case 'i':
        return sys_getpid();
    case 't':
        return sys_gettid();
    case 'n':
        return SIGURG;
    default:
        return 0;
    }
}

} // namespace faultline
