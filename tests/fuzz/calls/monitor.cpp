// Rounds. Each has a file system and workers of its own; when all are dead, nothing of it may be left.
#include "tests/fuzz/calls/monitor.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/utsname.h>

#include <ulib/print.hpp>
#include <ulib/random.hpp>
#include <ulib/resources.hpp>
#include <ulib/sys.hpp>

#include "tests/fuzz/calls/probes.hpp"
#include "tests/fuzz/calls/worker.hpp"

namespace faultline::fuzz {

namespace {

constexpr unsigned CALLS_OF_A_ROUND = 20'000;
constexpr long TICK_US = 2000;
// A thread whose call takes longer than this gets a signal, and then its process is killed. Longer than a turn of
// all threads on one processor.
constexpr long NUDGE_US = 10'000, ENOUGH_US = 500'000;
// A killed worker's threads may each have to wait for a turn beside all others, before they can end.
constexpr long TURNS_US = 10'000 * long{WORKERS * THREADS + THREADS};
constexpr long HOPELESS_US = 20'000'000; // a worker that has not ended by then never will
constexpr long STARVED_US = 200'000;     // an ordinary task beside real-time ones
constexpr unsigned PROBE_TICKS = 8;      // a question in every eighth tick
constexpr unsigned KILL_TICKS = 10;      // a worker killed in every tenth, on average
constexpr unsigned REAL_TIME_ROUND = 4;  // in every fourth round root may use real-time policies
constexpr int MONITOR_PRIORITY = 99;     // SCHED_FIFO; workers stay below (values.cpp)

constexpr const char* SECRET_TEXT = "for root only";

long long now_us() {
    __kernel_timespec time{};
    sys_clock_gettime(1, &time);
    return time.tv_sec * 1'000'000ll + time.tv_nsec / 1000;
}

void sleep_us(long us) { sys_nanosleep(us / 1'000'000, us % 1'000'000 * 1000); }

struct Worker {
    int pid = 0; // 0: none
    Part part{};
    unsigned seen[THREADS] = {}; // the calls that its threads had begun
    long long since[THREADS] = {};
};

// Calls `use` with the name of each entry of a directory.
template <class Use>
void each_name(const char* path, Use&& use) {
    alignas(8) static char entries[8192];
    const int fd = static_cast<int>(must(sys_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path));
    for (long bytes; (bytes = must(system_call(__NR_getdents64, fd, entries, sizeof entries), path)) > 0;)
        for (long at = 0; at < bytes;) {
            unsigned short record;
            std::memcpy(&record, entries + at + 16, sizeof record);
            use(entries + at + 19);
            at += record;
        }
    sys_close(fd);
}

// A call of root's may get a path out of a buffer into which the kernel has written one: a link of /proc names
// "/memfd:fuzz (deleted)", and open(2) makes that file in "/". What was not there at the start is removed.
class Strays {
  public:
    void remember() {
        for (const char* directory : DIRECTORIES)
            each_name(directory, [&](const char* name) {
                if (used_ + std::strlen(name) + 1 < sizeof known_)
                    used_ += std::strlen(std::strcpy(known_ + used_, name)) + 1;
            });
    }
    void remove() const {
        for (const char* directory : DIRECTORIES)
            for (bool any = true; any;) {
                any = false;
                char path[300] = {};
                each_name(directory, [&](const char* name) {
                    if (!is_known(name))
                        snprintf(path, sizeof path, "%s/%s", directory, name);
                });
                if (path[0] != '\0')
                    any = sys_unlink(path) == 0 || system_call(__NR_rmdir, path) == 0;
            }
    }

  private:
    static constexpr const char* DIRECTORIES[] = {"/", "/tmp", "/dev", "/dev/shm", "/bin", "/sbin"};
    bool is_known(const char* name) const {
        for (const char* each = known_; each < known_ + used_; each += std::strlen(each) + 1)
            if (std::strcmp(each, name) == 0)
                return true;
        return false;
    }
    char known_[4096] = {};
    std::size_t used_ = 0;
};

class Monitor {
  public:
    explicit Monitor(const Plan& plan);
    int run();

  private:
    void wrong(const char* format, ...) __attribute__((format(printf, 2, 3)));
    void round(unsigned number, unsigned calls);
    void prepare();
    void start(Worker& worker, unsigned index);
    void tick(unsigned number);
    bool reap();
    void look_at(Worker& worker, unsigned index);
    void kill_one(Worker& worker);
    void end_all();
    void check_kept();
    void check_identities();
    void clean_up();
    void tell_slots() const;
    void tell_line(unsigned number);
    long latest_us() const { return static_cast<long>(plan_.latest_ms) * 1000; }

    const Plan plan_;
    Shared* shared_;
    Worker workers_[WORKERS];
    Random random_{0};
    unsigned round_ = 0, started_ = 0, killed_ = 0, defects_ = 0, probes_ = 0;
    long latest_us_ = 0, longest_kill_us_ = 0;
    bool real_time_ = false;
    new_utsname name_{};
    unsigned program_bytes_ = 0;
    Strays strays_;
};

unsigned size_of(const char* path) {
    FileStatus status{};
    const int fd = static_cast<int>(must(sys_open(path, O_RDONLY | O_CLOEXEC), path));
    file_status(fd, status);
    sys_close(fd);
    return static_cast<unsigned>(status.size);
}

Monitor::Monitor(const Plan& plan) : plan_(plan) {
    const long at =
        must(sys_mmap2(nullptr, sizeof(Shared) + 2 * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
             "fuzz: mmap");
    shared_ =
        reinterpret_cast<Shared*>(must(sys_mmap2(reinterpret_cast<void*>(at + long{PAGE_SIZE}), sizeof(Shared),
                                                 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                                       "fuzz: mmap"));
    new (shared_) Shared{}; // and present from here on
    const unsigned long long all = ~0ull;
    must(system_call(__NR_rt_sigprocmask, SIG_BLOCK, &all, nullptr, 8), "fuzz: rt_sigprocmask");
    must(system_call(__NR_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "fuzz: prctl");
    must(system_call(__NR_uname, &name_), "fuzz: uname");
    system_call(__NR_umask, 0);
    program_bytes_ = size_of(PROGRAM);
    if (const long proc = sys_mount("proc", "/proc", "proc"); proc != -EBUSY)
        must(proc, "fuzz: mount /proc");
    system_call(__NR_mkdir, "/tmp", 01777);
    system_call(__NR_mkdir, PLACE, 0777);
    strays_.remember();
    must(system_call(__NR_mlockall, 3), "fuzz: mlockall");
    const int parameter = MONITOR_PRIORITY;
    must(system_call(__NR_sched_setscheduler, 0, 1, &parameter), "fuzz: sched_setscheduler");
}

void Monitor::wrong(const char* format, ...) {
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    complain("fuzz: round %u of seed %u: %s\n", round_, plan_.seed, text);
    ++defects_;
}

// What each thread did last, the oldest first.
void Monitor::tell_slots() const {
    for (unsigned i = 0; i < WORKERS; ++i)
        for (unsigned thread = 0; thread < THREADS; ++thread) {
            const Slot& slot = shared_->slots[i][thread];
            const unsigned begun = slot.begun, ended = slot.ended;
            for (unsigned turn = begun > NOTED ? begun - NOTED : 0; turn < begun; ++turn) {
                const Noted& noted = slot.noted[turn % NOTED];
                const long* a = noted.arguments;
                complain("fuzz: process %u thread %u: call %ld(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx) %s %ld\n",
                         slot.pid.load(), slot.tid.load(), noted.number, a[0], a[1], a[2], a[3], a[4], a[5],
                         turn + 1 == begun && ended != begun ? "has not ended" : "=", noted.result);
            }
        }
}

void make_file(const char* path, unsigned mode) {
    const int fd = static_cast<int>(must(sys_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), path));
    must(sys_write(fd, SECRET_TEXT, std::strlen(SECRET_TEXT)), path);
    sys_close(fd);
}

void Monitor::prepare() {
    must(sys_mount("fuzz", PLACE, "tmpfs"), "fuzz: mount");
    must(system_call(__NR_mkdir, ARENA, 01777), ARENA);
    must(system_call(__NR_chmod, ARENA, 01777), ARENA);
    must(system_call(__NR_mkdir, "/tmp/fuzz/elf", 0777), "/tmp/fuzz/elf");
    // Devices of its own: what root does to their attributes goes with them.
    must(system_call(__NR_mkdir, "/tmp/fuzz/dev", 0755), "/tmp/fuzz/dev");
    constexpr struct {
        const char* path;
        unsigned device;
    } devices[] = {{"/tmp/fuzz/dev/null", 0x103},
                   {"/tmp/fuzz/dev/zero", 0x105},
                   {"/tmp/fuzz/dev/full", 0x107},
                   {"/tmp/fuzz/dev/urandom", 0x109},
                   {"/tmp/fuzz/dev/tty", 0x500}};
    for (const auto& [path, device] : devices)
        must(system_call(__NR_mknod, path, 0020666, device), path);
    make_file(SECRET, 0600);
    make_file(KEPT, 0644);
    for (auto& slots : shared_->slots)
        for (Slot& slot : slots)
            slot.begun = slot.ended = slot.tid = slot.became_root = 0;
    std::memset(shared_->words, 0, sizeof shared_->words);
}

void Monitor::start(Worker& worker, unsigned index) {
    worker = {};
    const bool privileged = index < ROOTS;
    worker.part = {.seed = random_.word(),
                   .index = index,
                   .privileged = privileged,
                   .real_time = privileged && real_time_,
                   .monitor = static_cast<unsigned>(sys_getpid())};
    for (Slot& slot : shared_->slots[index])
        slot.begun = slot.ended = slot.tid = slot.became_root = 0;
    const long long now = now_us();
    std::fill(std::begin(worker.since), std::end(worker.since), now);
    const long child = sys_fork();
    if (child == 0) {
        const int parameter = 0;
        system_call(__NR_sched_setscheduler, 0, 0, &parameter);
        system_call(__NR_munlockall);
        const unsigned long long none = 0;
        system_call(__NR_rt_sigprocmask, 2, &none, nullptr, 8);
        work(worker.part, *shared_);
    }
    if (is_error(child)) {
        if (child != -ENOMEM && child != -EAGAIN)
            wrong("fork: %s", errno_name(child));
        return;
    }
    worker.pid = static_cast<int>(child);
    ++started_;
}

// Reaps all that have ended, also what workers have left to this process. False: there is nobody left.
bool Monitor::reap() {
    for (;;) {
        const long ended = sys_wait4(-1, nullptr, WNOHANG | __WALL);
        if (ended == -ECHILD)
            return false;
        if (ended <= 0)
            return true;
        for (Worker& worker : workers_)
            if (worker.pid == ended)
                worker.pid = 0;
    }
}

// Ends calls that wait: by a signal, and if that does not help, with their process.
void Monitor::look_at(Worker& worker, unsigned index) {
    const long long now = now_us();
    for (unsigned thread = 0; thread < THREADS; ++thread) {
        const Slot& slot = shared_->slots[index][thread];
        const unsigned begun = slot.begun;
        if (begun != worker.seen[thread] || slot.tid == 0) {
            worker.seen[thread] = begun;
            worker.since[thread] = slot.tid == 0 && thread != 0 ? now : worker.since[thread];
            if (begun != 0)
                worker.since[thread] = now;
        }
        const long long waits = now - worker.since[thread];
        if (waits > NUDGE_US && slot.tid != 0)
            sys_tgkill(worker.pid, static_cast<int>(slot.tid.load()), SIGUSR2);
        if (waits > ENOUGH_US)
            return kill_one(worker);
    }
}

// SIGKILL must end a worker soon, whatever it does. Beside real-time tasks an ordinary one may have to wait, perhaps until
// these are dead, too.
void Monitor::kill_one(Worker& worker) {
    const int pid = worker.pid;
    const long long begin = now_us();
    sys_kill(pid, SIGKILL);
    ++killed_;
    while (sys_wait4(pid, nullptr, WNOHANG | __WALL) == 0) {
        if (now_us() - begin > HOPELESS_US) {
            wrong("process %d cannot be killed", pid);
            tell_slots();
            sys_exit_group(1);
        }
        if (real_time_ && now_us() - begin > STARVED_US)
            return end_all();
        sleep_us(500);
    }
    worker.pid = 0;
    const long took = static_cast<long>(now_us() - begin);
    if (real_time_)
        return;
    longest_kill_us_ = std::max(longest_kill_us_, took);
    if (plan_.latest_ms != 0 && took > latest_us() + TURNS_US) {
        wrong("process %d took %ld us to be killed", pid, took);
        tell_slots();
    }
}

void Monitor::tick(unsigned number) {
    const long long begin = now_us();
    sleep_us(TICK_US);
    const long late = static_cast<long>(now_us() - begin) - TICK_US;
    latest_us_ = std::max(latest_us_, late);
    if (plan_.latest_ms != 0 && late > latest_us()) {
        wrong("woken %ld us too late", late);
        tell_slots();
    }
    if (number % PROBE_TICKS == 0)
        if (const char* defect = probe(probes_++); defect != nullptr) {
            wrong("%s", defect);
            tell_slots();
        }
    reap();
    if (random_.once_in(KILL_TICKS))
        if (Worker& victim = workers_[random_.below(WORKERS)]; victim.pid != 0)
            kill_one(victim);
    for (unsigned i = 0; i < WORKERS; ++i)
        if (workers_[i].pid != 0)
            look_at(workers_[i], i);
}

// Kills everything but this process and process 1, and waits until it is gone.
void Monitor::end_all() {
    const long long begin = now_us();
    while (reap()) {
        sys_kill(-1, SIGKILL);
        sleep_us(500);
        if (now_us() - begin > HOPELESS_US) {
            wrong("some processes cannot be killed");
            tell_slots();
            sys_exit_group(1);
        }
    }
    for (Worker& worker : workers_)
        worker.pid = 0;
}

void Monitor::check_identities() {
    for (unsigned i = ROOTS; i < WORKERS; ++i)
        for (Slot& slot : shared_->slots[i])
            if (slot.became_root.exchange(0) == BECAME_ROOT) {
                wrong("an ordinary user's process %u has become root", slot.pid.load());
                tell_slots();
            }
}

// What only root may write is as it was, and still root's. The workers that are root do not write the program.
void Monitor::check_kept() {
    if (const unsigned bytes = size_of(PROGRAM); bytes != program_bytes_)
        wrong("%s has %u bytes, and had %u", PROGRAM, bytes, program_bytes_);
    for (const char* path : {SECRET, KEPT}) {
        char text[64] = {};
        const long fd = sys_open(path, O_RDONLY | O_CLOEXEC);
        if (is_error(fd)) {
            wrong("%s: %s", path, errno_name(fd));
            continue;
        }
        sys_read(static_cast<int>(fd), text, sizeof text - 1);
        FileStatus status{};
        file_status(static_cast<int>(fd), status);
        sys_close(static_cast<int>(fd));
        if (std::strcmp(text, SECRET_TEXT) != 0)
            wrong("%s has been written", path);
        if ((status.mode & 0777) != (path == SECRET ? 0600u : 0644u))
            wrong("%s has the mode %o", path, status.mode);
    }
}

// Reads a small file of /proc, and calls `use` with each of its lines.
template <class Use>
void each_line(const char* path, Use&& use) {
    static char text[16384];
    const int fd = static_cast<int>(must(sys_open(path, O_RDONLY | O_CLOEXEC), path));
    long length = 0;
    for (long more;
         (more = must(sys_read(fd, text + length, sizeof text - 1 - static_cast<std::size_t>(length)), path)) > 0;)
        length += more;
    sys_close(fd);
    text[length] = '\0';
    for (char* line = text; *line != '\0';) {
        char* const end = line + std::strcspn(line, "\n");
        const bool last = *end == '\0';
        *end = '\0';
        use(line);
        line = last ? end : end + 1;
    }
}

void remove_ipc(const char* path, int call, int command) {
    each_line(path, [&](char* line) {
        char* rest = line;
        std::strtol(line, &rest, 10); // the key
        if (rest == line)
            return; // the heading
        const long id = std::strtol(rest, nullptr, 10);
        if (call == __NR_semctl)
            system_call(call, id, 0, command);
        else
            system_call(call, id, command, nullptr);
    });
}

void Monitor::clean_up() {
    remove_ipc("/proc/sysvipc/msg", __NR_msgctl, 0);
    remove_ipc("/proc/sysvipc/sem", __NR_semctl, 0);
    remove_ipc("/proc/sysvipc/shm", __NR_shmctl, 0);
    for (bool any = true; any;) { // the workers may have mounted on top of each other, and below
        any = false;
        char last[256] = {};
        each_line("/proc/self/mounts", [&](const char* line) {
            const char* const at = std::strchr(line, ' ');
            if (at != nullptr && std::strncmp(at + 1, PLACE, std::strlen(PLACE)) == 0) {
                const std::size_t length = std::strcspn(at + 1, " ");
                std::memcpy(last, at + 1, std::min(length, sizeof last - 1));
                last[std::min(length, sizeof last - 1)] = '\0';
            }
        });
        if (last[0] != '\0')
            any = system_call(__NR_umount2, last, 2) == 0 || system_call(__NR_umount2, PLACE, 2) == 0;
    }
    strays_.remove();
    system_call(__NR_sethostname, name_.nodename, std::strlen(name_.nodename));
    system_call(__NR_setdomainname, name_.domainname, std::strlen(name_.domainname));
}

// Signals that wait for this process, such as SIGCHLD, are objects of the kernel's.
void forget_signals() {
    const unsigned long long all = ~0ull;
    const __kernel_timespec at_once{};
    while (system_call(__NR_rt_sigtimedwait_time64, &all, nullptr, &at_once, 8) > 0) {
    }
}

void Monitor::round(unsigned number, unsigned calls) {
    round_ = number;
    random_ = Random(plan_.seed * 7919u + number);
    real_time_ = number % REAL_TIME_ROUND == REAL_TIME_ROUND - 1;
    prepare();
    const unsigned end = shared_->made + calls;
    for (unsigned ticks = 0; shared_->made < end; ++ticks) {
        for (unsigned i = 0; i < WORKERS; ++i)
            if (workers_[i].pid == 0) {
                check_identities();
                start(workers_[i], i);
            }
        tick(ticks);
    }
    end_all();
    check_identities();
    check_kept();
    clean_up();
    forget_signals();
}

void Monitor::tell_line(unsigned number) {
    print("fuzz: seed %u: %u rounds, %u calls, %u without an error, %u ELF files, %u processes, %u killed; at most %ld "
          "us "
          "late, %ld us to be killed\n",
          plan_.seed, number, shared_->made.load(), shared_->succeeded.load(), shared_->files.load(), started_, killed_,
          latest_us_, longest_kill_us_);
}

int Monitor::run() {
    static Resources before, after;
    unsigned number = plan_.first_round;
    number_in("/proc/1/status", "Pid:"); // process 1 gets the object by which workers that ask know it
    round(number, CALLS_OF_A_ROUND / 5); // all that this program itself needs is there afterwards
    shared_->made = shared_->succeeded = shared_->files = 0;
    take_resources(after);
    take_resources(before);
    unsigned rounds = 0;
    for (unsigned made = 0; made < plan_.calls && defects_ < 10; made = shared_->made, ++number) {
        round(number, std::min(CALLS_OF_A_ROUND, plan_.calls - made));
        take_resources(after);
        if (after.free_kib != before.free_kib || after.small_objects != before.small_objects ||
            after.open_files != before.open_files) {
            wrong("%ld KiB free, %ld objects, %ld open files before; %ld, %ld, %ld afterwards", before.free_kib,
                  before.small_objects, before.open_files, after.free_kib, after.small_objects, after.open_files);
            before.slabs.tell_differences(after.slabs, "fuzz");
        }
        before = after;
        if (++rounds % 16 == 0)
            tell_line(rounds);
    }
    tell_line(rounds);
    print("fuzz: %u things wrong\n", defects_);
    return defects_ == 0 ? 0 : 1;
}

} // namespace

int watch(const Plan& plan) {
    static Monitor monitor(plan);
    return monitor.run();
}

} // namespace faultline::fuzz
