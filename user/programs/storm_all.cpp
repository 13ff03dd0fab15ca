// storm_all [ROUNDS | SECONDSs]: all storms at the same time, each in a process of its own. Each must exit with status
// 0.
#include <cstring>
#include <iterator>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

extern "C" char** environ;

using namespace faultline;

namespace {

const char* const STORMS[] = {"/bin/storm_migrate", "/bin/storm_fork",  "/bin/storm_signals", "/bin/storm_futex",
                              "/bin/storm_map",     "/bin/storm_fault", "/bin/storm_robust"};

// Executes `storm`, with the same argument as this program got.
[[noreturn]] void become(const char* storm, char* length) {
    char path[32];
    std::strcpy(path, storm);
    char* words[] = {path, length, nullptr};
    must(sys_execve(path, words, environ), storm);
    __builtin_unreachable();
}

} // namespace

int main(int argc, char** argv) {
    long children[std::size(STORMS)];
    for (unsigned i = 0; i < std::size(STORMS); ++i)
        if ((children[i] = must(sys_fork(), "storm_all: fork")) == 0)
            become(STORMS[i], argc > 1 ? argv[1] : nullptr);
    int failures = 0;
    for (unsigned i = 0; i < std::size(STORMS); ++i) {
        int status = 0;
        must(sys_wait4(static_cast<int>(children[i]), &status), "storm_all: wait4");
        failures += shell_status(status) != 0;
        print("storm_all: %s ended with status %d\n", STORMS[i], shell_status(status));
    }
    return failures == 0 ? 0 : 1;
}
