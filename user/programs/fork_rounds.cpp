// fork_rounds [N]: N rounds (100 by default) of fork, exec of this program, and exit. Under `init balanced` the machine
// must have as many free pages afterwards as before.
#include <cstdlib>
#include <cstring>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

extern "C" char** environ;

using namespace faultline;

int main(int argc, char** argv) {
    constexpr int LEAF_STATUS = 42;
    char leaf[] = "--leaf";
    if (argc == 2 && std::strcmp(argv[1], leaf) == 0)
        return LEAF_STATUS;

    const int rounds = argc == 2 ? std::atoi(argv[1]) : 100;
    char* words[] = {argv[0], leaf, nullptr};
    for (int i = 0; i < rounds; ++i) {
        const int child = static_cast<int>(must(sys_fork(), "fork_rounds: fork"));
        if (child == 0) {
            must(sys_execve(argv[0], words, environ), "fork_rounds: execve");
            sys_exit_group(1);
        }
        int status = 0;
        must(sys_wait4(child, &status), "fork_rounds: wait4");
        if (shell_status(status) != LEAF_STATUS)
            fail("fork_rounds: round %d ended with status %d\n", i, shell_status(status));
    }
    print("fork_rounds: %d rounds\n", rounds);
    return 0;
}
