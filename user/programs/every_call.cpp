// every_call [AT_ONCE]: makes every system call from number 0 to 1023 without arguments, and every call of the table
// with sensible arguments, of which one (or up to AT_ONCE) is replaced by a bad value. A child of its own makes each
// call, and is killed if it takes too long. A call may return anything, and its child may die in an ordinary way. But
// it must be possible to kill the child, the kernel must go on, and no page and no open file may be lost.
#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <asm/signal.h>
#include <linux/prctl.h>
#include <linux/utsname.h>

#include <ulib/print.hpp>
#include <ulib/resources.hpp>
#include <ulib/sys.hpp>

#include "user/programs/every_call_stage.hpp"
#include "user/programs/every_call_table.hpp"

using namespace faultline;

namespace {

constexpr int NUMBERS = 1024;
constexpr int IPC_RMID = 0; // linux/ipc.h
unsigned failures = 0;

__attribute__((format(printf, 1, 2))) void wrong(const char* format, ...) {
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    complain("every_call: %s\n", text);
    ++failures;
}

// What replaces an argument. "unmapped" is an address just above the program and below its mappings.
struct Spoiled {
    const char* name;
    long value;
};
constexpr auto spoiled = std::to_array<Spoiled>({
    {"NULL", 0},
    {"kernel", static_cast<long>(0x80008000u)},
    {"unmapped", 0x70000000},
    {"misaligned", 0}, // the buffer's second byte
    {"huge", 0x7fffffff},
    {"negative", -1},
});
long spoiled_value(const Spoiled& kind) { return kind.name[0] == 'm' ? argument('b') + 1 : kind.value; }

// --- one call in one child ---

enum class End { answered, died, waited };
struct Outcome {
    End end;
    long value; // the answer, or the status of wait4
};

bool may_wait(const Call& call) { return std::strchr(call.arguments, '~') != nullptr; }

void in_child(int number, const std::array<long, 6>& arguments) {
    if (number == __NR_mount || number == __NR_chdir) // these begin at the root, so that nothing stays behind
        must(system_call(__NR_chdir, "/"), "every_call: chdir");
    const long answer =
        system_call(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    *stage.answer = answer;
    if (number == __NR_shmget && !is_error(answer))
        system_call(__NR_shmctl, answer, IPC_RMID, nullptr);
    if (number == __NR_semget && !is_error(answer))
        system_call(__NR_semctl, answer, 0, IPC_RMID);
    if (number == __NR_msgget && !is_error(answer))
        system_call(__NR_msgctl, answer, IPC_RMID, nullptr);
    sys_exit_group(0);
}

// Waits until `child` is dead and returns true; returns false after `milliseconds`. SIGCHLD is blocked, so none is
// missed.
bool wait_for(int child, int& status, long milliseconds) {
    const unsigned long long sigchld = 1ull << (SIGCHLD - 1);
    __kernel_timespec start, now;
    sys_clock_gettime(1, &start);
    for (;;) {
        if (sys_wait4(child, &status, WNOHANG | __WALL) == child)
            return true;
        sys_clock_gettime(1, &now);
        const long long left =
            milliseconds * 1'000'000ll - (now.tv_sec - start.tv_sec) * 1'000'000'000ll - (now.tv_nsec - start.tv_nsec);
        if (left <= 0)
            return false;
        const __kernel_timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
        system_call(__NR_rt_sigtimedwait_time64, &sigchld, nullptr, &timeout, 8);
    }
}

Outcome call_in_child(int number, const std::array<long, 6>& arguments, bool may_wait) {
    *stage.answer = NOT_YET;
    const int child = static_cast<int>(must(sys_fork(), "every_call: fork"));
    if (child == 0) {
        system_call(__NR_setpgid, 0, 0); // kill(0, …) reaches the child alone
        in_child(number, arguments);
    }
    int status = 0;
    if (!wait_for(child, status, may_wait ? 20 : 5000)) {
        sys_kill(child, SIGKILL);
        if (!wait_for(child, status, 5000))
            fail("every_call: number %d: the child cannot be killed\n", number);
        return {End::waited, 0};
    }
    // There is no answer if the child became another program, or died in the call.
    const long answer = *stage.answer;
    return answer == NOT_YET ? Outcome{End::died, status} : Outcome{End::answered, answer};
}

// Reaps the grandchildren that fork and its relatives have left: this program is their subreaper.
void reap_strays() {
    for (long pid; (pid = sys_wait4(-1, nullptr, WNOHANG | __WALL)) != -ECHILD;)
        if (pid == 0) {
            must(sys_kill(-1, SIGKILL), "every_call: kill"); // we do not know the groups that they are in
            sys_sched_yield();
        }
}

// --- the outcomes of one call, summed up in a line ---

class Summary {
  public:
    void add(const Outcome& outcome) {
        if (outcome.end == End::waited)
            add("waits");
        else if (outcome.end == End::died && term_signal(static_cast<int>(outcome.value)) != 0)
            add("signal", term_signal(static_cast<int>(outcome.value)));
        else if (outcome.end == End::died)
            add("exits");
        else
            add(is_error(outcome.value) ? errno_name(outcome.value) : "ok");
    }
    void print(const char* name) const {
        faultline::print("%-30s", name);
        for (unsigned i = 0; i < used_; ++i)
            faultline::print(" %s*%u", words_[i], counts_[i]);
        faultline::print("\n");
    }

  private:
    void add(const char* word, int number = 0) {
        char text[sizeof words_[0]];
        snprintf(text, sizeof text, number != 0 ? "%s-%d" : "%s", word, number);
        unsigned i = 0;
        while (i < used_ && std::strcmp(words_[i], text) != 0)
            ++i;
        if (i == words_.size())
            return;
        if (i == used_) {
            std::strcpy(words_[i], text);
            ++used_;
        }
        ++counts_[i];
    }
    std::array<char[16], 12> words_{};
    std::array<unsigned, 12> counts_{};
    unsigned used_ = 0;
};

// Makes the calls of one number, and sums up their outcomes.
class Attempts {
  public:
    explicit Attempts(const Call& call) : call_(call), count_(std::strcspn(call.arguments, "~")) {}

    // Makes the call with `arguments`, and then with up to `at_once` of them, from number `first` on, spoiled in every
    // way.
    void spoil(const std::array<long, 6>& arguments, std::size_t first, unsigned at_once) {
        attempt(arguments);
        if (at_once == 0)
            return;
        for (std::size_t which = first; which < count_; ++which)
            for (const Spoiled& kind : spoiled) {
                std::array<long, 6> changed = arguments;
                changed[which] = spoiled_value(kind);
                spoil(changed, which + 1, at_once - 1);
            }
    }
    void spoil(unsigned at_once) {
        std::array<long, 6> arguments{};
        for (std::size_t i = 0; i < count_; ++i)
            arguments[i] = argument(call_.arguments[i]);
        spoil(arguments, 0, at_once);
        reap_strays();
        summary_.print(call_.name);
    }
    unsigned made() const { return made_; }

  private:
    void attempt(const std::array<long, 6>& arguments) {
        if (call_.number == __NR_kill && arguments[0] == -1)
            return; // would kill the test itself
        const Outcome outcome = call_in_child(call_.number, arguments, may_wait(call_));
        if (outcome.end == End::waited && !may_wait(call_))
            wrong("%s(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx) did not return", call_.name, arguments[0], arguments[1],
                  arguments[2], arguments[3], arguments[4], arguments[5]);
        summary_.add(outcome);
        sweep_stage();
        ++made_;
    }

    const Call& call_;
    std::size_t count_;
    Summary summary_;
    unsigned made_ = 0;
};

const Call* find(int number) {
    const auto* found =
        std::find_if(std::begin(calls), std::end(calls), [=](const Call& call) { return call.number == number; });
    return found == std::end(calls) ? nullptr : found;
}

// Makes every call without arguments, and checks that the table names exactly those that the kernel serves.
void every_number() {
    unsigned served = 0;
    for (int number = 0; number < NUMBERS; ++number) {
        const Call* call = find(number);
        const Outcome outcome = call_in_child(number, {}, call == nullptr || may_wait(*call));
        const bool missing = outcome.end == End::answered && outcome.value == -ENOSYS;
        served += missing ? 0 : 1;
        if (missing && call != nullptr)
            wrong("%s is in the table and not served", call->name);
        if (!missing && call == nullptr)
            wrong("number %d is served and not in the table", number);
        sweep_stage();
    }
    reap_strays();
    print("%u of %d numbers are served; the others are ENOSYS\n", served, NUMBERS);
}

// --- nothing may be missing afterwards ---

// A child that had died before wait_for() looked has left its SIGCHLD pending, which is an object of the kernel's.
void forget_children() {
    const unsigned long long sigchld = 1ull << (SIGCHLD - 1);
    const __kernel_timespec at_once{};
    system_call(__NR_rt_sigtimedwait_time64, &sigchld, nullptr, &at_once, 8);
}

Resources resources() {
    forget_children();
    Resources now;
    take_resources(now);
    return now;
}

// Reports what is missing after `name`, if anything. The next comparison starts from the new state.
void compare(Resources& before, const char* name) {
    const Resources after = resources();
    if (after.free_kib != before.free_kib)
        wrong("%s: %ld KiB were free before, %ld afterwards", name, before.free_kib, after.free_kib);
    if (after.small_objects != before.small_objects)
        wrong("%s: the kernel had %ld small objects before, %ld afterwards", name, before.small_objects,
              after.small_objects);
    before.slabs.tell_differences(after.slabs, "every_call");
    if (after.open_files != before.open_files)
        wrong("%s: %ld files were open before, %ld afterwards", name, before.open_files, after.open_files);
    before = after;
}

unsigned test_all(unsigned at_once) {
    make_stage();
    Resources state = resources();
    every_number();
    compare(state, "the numbers without arguments");
    unsigned made = 0;
    for (const Call& call : calls) {
        Attempts attempts(call);
        attempts.spoil(at_once);
        made += attempts.made();
        compare(state, call.name);
    }
    strike_stage();
    return made;
}

// In its first run this program gets page tables of its own, which must not count as lost.
void warm_up() {
    make_stage();
    call_in_child(__NR_getpid, {}, false);
    sweep_stage();
    reap_strays();
    strike_stage();
    resources();
}

// /proc may be mounted already.
void mount_trees() {
    if (const long proc = sys_mount("proc", "/proc", "proc"); proc != -EBUSY)
        must(proc, "every_call: mount /proc");
    must(sys_mount("tmpfs", "/tmp", "tmpfs"), "every_call: mount /tmp");
}

} // namespace

// The argument says how many arguments are spoiled at a time; 1 if it is missing.
int main(int argc, char** argv) {
    const unsigned at_once = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 1;
    const unsigned long long sigchld = 1ull << (SIGCHLD - 1);
    must(system_call(__NR_rt_sigprocmask, SIG_BLOCK, &sigchld, nullptr, 8), "every_call: rt_sigprocmask");
    must(system_call(__NR_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "every_call: prctl");
    mount_trees();
    new_utsname system;
    must(system_call(__NR_uname, &system), "every_call: uname");

    warm_up();
    Resources state = resources();
    const unsigned made = test_all(at_once);
    system_call(__NR_sethostname, system.nodename, std::strlen(system.nodename));
    system_call(__NR_setdomainname, system.domainname, std::strlen(system.domainname));
    compare(state, "all together");
    print("every_call: %u calls with arguments of all kinds: %u things wrong\n", made, failures);
    return failures == 0 ? 0 : 1;
}
