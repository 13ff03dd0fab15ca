// A child receives bytes through one pipe and returns their sum through another.
#include <ulib/print.hpp>
#include <ulib/sys.hpp>

using namespace faultline;

namespace {

constexpr unsigned SIZE = 300'000; // several times what a pipe holds, so that both sides wait
unsigned char data[SIZE];

unsigned checksum(unsigned sum, const unsigned char* bytes, long count) {
    for (long i = 0; i < count; ++i)
        sum = sum * 31 + bytes[i];
    return sum;
}

[[noreturn]] void answer(int from, int to) {
    unsigned char piece[700];
    unsigned sum = 0;
    long got;
    while ((got = must(sys_read(from, piece, sizeof piece), "fork_pipe: read")) > 0)
        sum = checksum(sum, piece, got);
    must(sys_write(to, &sum, sizeof sum), "fork_pipe: write");
    sys_exit_group(7);
}

} // namespace

int main() {
    int there[2], back[2];
    must(sys_pipe(there), "fork_pipe: pipe");
    must(sys_pipe(back), "fork_pipe: pipe");
    for (unsigned i = 0; i < SIZE; ++i)
        data[i] = static_cast<unsigned char>(i * 7 + i / 251);

    const int child = static_cast<int>(must(sys_fork(), "fork_pipe: fork"));
    if (child == 0) {
        sys_close(there[1]);
        answer(there[0], back[1]);
    }
    sys_close(there[0]);
    for (unsigned sent = 0; sent < SIZE;)
        sent += static_cast<unsigned>(must(sys_write(there[1], data + sent, SIZE - sent), "fork_pipe: write"));
    sys_close(there[1]);

    unsigned sum = 0;
    must(sys_read(back[0], &sum, sizeof sum), "fork_pipe: read");
    int status = 0;
    must(sys_wait4(child, &status), "fork_pipe: wait4");
    if (sum != checksum(0, data, SIZE) || shell_status(status) != 7)
        fail("fork_pipe: the child answered %#x with status %d, expected %#x and 7\n", sum, shell_status(status),
             checksum(0, data, SIZE));
    print("fork_pipe: %u bytes went through a pipe to a child, whose sum agrees\n", SIZE);
    return 0;
}
