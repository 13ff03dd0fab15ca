// Prints its arguments and a little floating point. `--status N` anywhere makes N the exit status.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

int main(int argc, char** argv) {
    int status = 0;
    std::printf("hello from %s\n", argv[0]);
    for (int i = 1; i < argc; ++i) {
        std::printf("argument %d: %s\n", i, argv[i]);
        if (std::strcmp(argv[i], "--status") == 0 && i + 1 < argc)
            status = std::atoi(argv[i + 1]);
    }
    const volatile double two = 2.0;
    std::printf("sqrt(2) = %.15f\n", std::sqrt(two));
    return status;
}
