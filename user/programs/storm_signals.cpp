// storm_signals [ROUNDS | SECONDSs]: signals from processor to processor, counted. Threads answer each other's SIGUSR1,
// so that each signal is handled before the next is sent. And a child queues real-time signals to its parent, which
// must all arrive (sigqueue(3)), in order.

#include <asm/siginfo.h>

#include <ulib/cpus.hpp>
#include <ulib/print.hpp>
#include <ulib/signal.hpp>
#include <ulib/storm.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned PAIRS = 2;
constexpr int QUEUED = 34; // SIGRTMIN + 2 of the C library; the kernel's SIGRTMIN is 32

unsigned rounds = 500;
unsigned cpus = 1;
int process = 0;

struct Player {
    Thread thread;
    Word id{0};
    Word received{0};
};
Player players[2 * PAIRS];

Player& other(Player& self) { return players[(&self - players) ^ 1]; }

Player& own() {
    const unsigned id = static_cast<unsigned>(sys_gettid());
    for (Player& player : players)
        if (player.id == id)
            return player;
    fail("storm_signals: a signal came to thread %u\n", id);
}

void count(int, siginfo_t*, void*) { ++own().received; }

// Waits until the signal of this round has come. No other may come.
void receive(Player& self, unsigned round) {
    for (unsigned now = self.received; now != round; now = self.received) {
        if (now != round - 1)
            fail("storm_signals: %u signals in round %u\n", now, round);
        futex_wait(&self.received, now, FUTEX_PRIVATE_FLAG); // the signal interrupts it
    }
}

// Players with an odd number answer.
void play(void* argument) {
    Player& self = *static_cast<Player*>(argument);
    Player& peer = other(self);
    const bool answers = ((&self - players) & 1) != 0;
    run_on(static_cast<unsigned>(&self - players) % cpus);
    self.id = static_cast<unsigned>(sys_gettid());
    while (peer.id == 0)
        sys_sched_yield();
    for (unsigned round = 1; round <= rounds; ++round) {
        if (answers)
            receive(self, round);
        must(sys_tgkill(process, static_cast<int>(peer.id.load()), SIGUSR1), "storm_signals: tgkill");
        if (!answers)
            receive(self, round);
    }
}

unsigned queued = 0;

void take(int, siginfo_t* info, void*) {
    if (static_cast<unsigned>(info->si_int) != queued)
        fail("storm_signals: signal %d came, expected %u\n", info->si_int, queued);
    ++queued;
}

void queue_signals() {
    siginfo_t info{};
    info.si_code = SI_QUEUE;
    for (unsigned i = 0; i < rounds; ++i) {
        info.si_int = static_cast<int>(i);
        long sent;
        while ((sent = system_call(__NR_rt_sigqueueinfo, process, QUEUED, &info)) == -EAGAIN)
            sys_sched_yield(); // the parent's queue is full (RLIMIT_SIGPENDING)
        must(sent, "storm_signals: rt_sigqueueinfo");
    }
}

void receive_queued() {
    queued = 0;
    must(set_signal_handler(QUEUED, take), "storm_signals: rt_sigaction");
    const int child = static_cast<int>(must(sys_fork(), "storm_signals: fork"));
    if (child == 0) {
        run_on(cpus - 1);
        queue_signals();
        sys_exit_group(0);
    }
    int status = 0;
    long waited;
    while ((waited = sys_wait4(child, &status)) == -EINTR) {
    }
    must(waited, "storm_signals: wait4");
    if (shell_status(status) != 0 || queued != rounds)
        fail("storm_signals: the sender ended with %d, %u of %u came\n", shell_status(status), queued, rounds);
}

void storm() {
    for (Player& player : players)
        player.id = player.received = 0; // all of them, before any thread looks at another's
    for (Player& player : players)
        must(player.thread.start(play, &player), "storm_signals: clone");
    for (Player& player : players)
        player.thread.join();
    receive_queued();
}

} // namespace

int main(int argc, char** argv) {
    StormLength length(argc, argv, 500, 20);
    rounds = length.rounds();
    cpus = cpu_count();
    process = static_cast<int>(sys_getpid());
    must(set_signal_handler(SIGUSR1, count), "storm_signals: rt_sigaction");
    do
        storm();
    while (length.again());
    print("storm_signals: %u rounds on %u processors, every signal counted\n", length.played(), cpus);
    return 0;
}
