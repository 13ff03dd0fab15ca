// Two tasks in turns, on one processor: through a futex, through pipes, and with sched_yield.
#include <optional>

#include "tests/bench/program/threads.hpp"

namespace faultline::bench {

namespace {

// Whether the other task is a thread or a process; and how both are scheduled. The class CFS lets a woken task wait, so its
// figures depend on the moment; those of FIFO do not.
enum class Other { Thread, Process };
enum class Class { Fifo, Cfs };

struct Game {
    alignas(64) Word turn{0}; // 0: the measuring task's, 1: the other's, 2: the end
    alignas(64) Word exit_word{0};
    int private_flag = 0;
};

void answer(Game& game) {
    for (;;) {
        u32 turn;
        while ((turn = game.turn.load(std::memory_order_relaxed)) == 0)
            futex_wait(&game.turn, 0, game.private_flag);
        if (turn == 2)
            return;
        game.turn.store(0, std::memory_order_relaxed);
        futex_wake(&game.turn, 1, game.private_flag);
    }
}

void ask(Game& game) {
    game.turn.store(1, std::memory_order_relaxed);
    futex_wake(&game.turn, 1, game.private_flag);
    while (game.turn.load(std::memory_order_relaxed) == 1)
        futex_wait(&game.turn, 1, game.private_flag);
}

void ping_pong(const char* name, Other other, Class scheduling) {
    const Region page(1, other == Other::Thread ? MAP_PRIVATE : MAP_SHARED), stack(2);
    Game& game = *new (page.start) Game;
    *stack.page(1) = 0;
    game.private_flag = other == Other::Thread ? FUTEX_PRIVATE_FLAG : 0;
    std::optional<RealTime> real_time;
    if (scheduling == Class::Fifo)
        real_time.emplace();
    long child = 0;
    if (other == Other::Thread) {
        start_thread(stack.page(2), [](void* shared) { answer(*static_cast<Game*>(shared)); }, &game, &game.exit_word);
    } else if ((child = fork()) == 0) {
        answer(game);
        leave();
    }
    Figure figure(name);
    measure(figure, 300, [&](unsigned) { ask(game); }, 0);
    game.turn = 2;
    futex_wake(&game.turn, 1, game.private_flag);
    if (other == Other::Thread)
        join(game.exit_word);
    else
        sys_wait4(static_cast<int>(child), nullptr);
}

// A byte there, and a byte back.
void pipe_ping_pong(const char* name, Class scheduling) {
    int there[2], back[2];
    require(sys_pipe(there) == 0 && sys_pipe(back) == 0, "pipe");
    std::optional<RealTime> real_time;
    if (scheduling == Class::Fifo)
        real_time.emplace();
    char byte = 1;
    const long child = fork();
    if (child == 0) {
        sys_close(there[1]);
        while (sys_read(there[0], &byte, 1) == 1)
            sys_write(back[1], &byte, 1);
        leave();
    }
    Figure figure(name);
    measure(figure, 300, [&](unsigned) {
        sys_write(there[1], &byte, 1);
        sys_read(back[0], &byte, 1);
    });
    sys_close(there[1]);
    sys_wait4(static_cast<int>(child), nullptr);
    for (const int end : {there[0], back[0], back[1]})
        sys_close(end);
}

// Per yield, of both.
void yields(const char* name, Class scheduling) {
    const Region page(1, MAP_SHARED);
    struct Shared {
        volatile u32 childs, end;
    };
    Shared& shared = *new (page.start) Shared{0, 0};
    std::optional<RealTime> real_time;
    if (scheduling == Class::Fifo)
        real_time.emplace();
    const long child = fork();
    if (child == 0) {
        while (!shared.end) {
            shared.childs = shared.childs + 1;
            sys_sched_yield();
        }
        leave();
    }
    constexpr unsigned TIMES = 500;
    for (unsigned i = 0; i < 20; ++i)
        sys_sched_yield();
    Figure figure(name);
    for (unsigned batch = 0; batch < batches(); ++batch) {
        const u32 before = shared.childs;
        figure.begin();
        for (unsigned i = 0; i < TIMES; ++i)
            sys_sched_yield();
        const u64 ticks = figure.ticks();
        figure.add(ticks, TIMES + shared.childs - before, 0);
    }
    shared.end = 1;
    sys_wait4(static_cast<int>(child), nullptr);
}

} // namespace

void measure_ping_pong() {
    ping_pong("pingpong_thread_rt_fifo", Other::Thread, Class::Fifo);
    ping_pong("pingpong_thread_cfs", Other::Thread, Class::Cfs);
    ping_pong("pingpong_process_rt_fifo", Other::Process, Class::Fifo);
    ping_pong("pingpong_process_cfs", Other::Process, Class::Cfs);
}

void measure_switches() {
    yields("sched_yield_switch_rt_fifo", Class::Fifo);
    yields("sched_yield_switch_cfs", Class::Cfs);
    pipe_ping_pong("pipe_pingpong_rt_fifo", Class::Fifo);
    pipe_ping_pong("pipe_pingpong_cfs", Class::Cfs);
}

} // namespace faultline::bench
