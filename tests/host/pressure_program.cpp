// Programs drawn from a seed, and their text.
#include "tests/host/pressure_program.hpp"

#include <random>
#include <sstream>
#include <stdexcept>

namespace faultline::pressure {
namespace {

struct Kind {
    Op op;
    const char* name;
    u32 weight; // how often it is drawn
    bool error; // a device fails, or an allocation
    u32 reach;  // of how many pages it is at most
};
constexpr Kind KINDS[] = {
    {Op::MapAnon, "map_anon", 8, false, 24},
    {Op::MapShared, "map_shared", 5, false, 12},
    {Op::MapDisk, "map_disk", 4, false, 8},
    {Op::MapDiskPrivate, "map_disk_private", 3, false, 8},
    {Op::Unmap, "unmap", 2, false, 3},
    {Op::Protect, "protect", 3, false, 6},
    {Op::Move, "move", 4, false, 6},
    {Op::DontNeed, "dontneed", 3, false, 4},
    {Op::Free, "free", 4, false, 8},
    {Op::Cold, "cold", 4, false, 32},
    {Op::PageOut, "pageout", 8, false, 24},
    {Op::WillNeed, "willneed", 3, false, 8},
    {Op::Remove, "remove", 2, false, 3},
    {Op::Age, "age", 3, false, 1},
    {Op::Msync, "msync", 3, false, 8},
    {Op::Fsync, "fsync", 2, false, 1},
    {Op::Flush, "flush", 2, false, 1},
    {Op::Reclaim, "reclaim", 8, false, 1},
    {Op::Balance, "balance", 1, false, 1},
    {Op::WriteByGup, "write_by_gup", 4, false, 1},
    {Op::Fixup, "fixup", 4, false, 1},
    {Op::Pin, "pin", 2, false, 1},
    {Op::Unpin, "unpin", 2, false, 1},
    {Op::Lock, "lock", 2, false, 3},
    {Op::Unlock, "unlock", 2, false, 8},
    {Op::LockFile, "lock_file", 2, false, 1},
    {Op::Fork, "fork", 4, false, 1},
    {Op::Exit, "exit", 2, false, 1},
    {Op::SwapOn, "swapon", 4, false, 1},
    {Op::SwapOff, "swapoff", 2, false, 1},
    {Op::DiskError, "disk_error", 2, true, 1},
    {Op::SwapError, "swap_error", 3, true, 1},
    {Op::Read, "read", 22, false, 8},
    {Op::Write, "write", 34, false, 12},
    {Op::WriteFromOutside, "write_from_outside", 3, false, 1},
    {Op::Poison, "poison", 8, false, 2},
    {Op::Offline, "offline", 1, false, 1},
    {Op::FailAlloc, "fail_alloc", 8, true, 1},
};

const Kind& kind_of(Op op) {
    for (const Kind& kind : KINDS)
        if (kind.op == op)
            return kind;
    throw std::logic_error("an operation without a name");
}

const Kind& draw_kind(std::mt19937& random, bool errors) {
    u32 sum = 0;
    for (const Kind& kind : KINDS)
        sum += kind.error && !errors ? 0 : kind.weight;
    u32 at = static_cast<u32>(random() % sum);
    for (const Kind& kind : KINDS) {
        const u32 weight = kind.error && !errors ? 0 : kind.weight;
        if (at < weight)
            return kind;
        at -= weight;
    }
    return KINDS[0];
}

// Makes programs smaller, as long as they fail.
class Shrinker {
  public:
    Shrinker(Program program, const std::function<bool(const Program&)>& fails, u32 runs)
        : program_(std::move(program)), fails_(fails), runs_(runs) {}

    Program result() {
        while (drop_steps() | make_numbers_smaller()) {
        }
        return program_;
    }

  private:
    bool try_instead(Program smaller) {
        if (runs_ == 0)
            return false;
        --runs_;
        if (!fails_(smaller))
            return false;
        program_ = std::move(smaller);
        return true;
    }

    // Halves first, then quarters, down to single steps; from the end, where most of what follows the failure is.
    bool drop_steps() {
        bool any = false;
        for (std::size_t length = program_.size() / 2 + 1; length != 0; length /= 2)
            for (std::size_t end = program_.size(); end != 0;) {
                const std::size_t first = end > length ? end - length : 0;
                Program smaller = program_;
                smaller.erase(smaller.begin() + static_cast<std::ptrdiff_t>(first),
                              smaller.begin() + static_cast<std::ptrdiff_t>(end));
                any |= try_instead(std::move(smaller));
                end = first;
            }
        return any;
    }

    bool make_numbers_smaller() {
        bool any = false;
        for (std::size_t step = 0; step < program_.size(); ++step)
            for (std::size_t which = 0; which < program_[step].numbers.size(); ++which)
                for (const u32 part : {0u, 2u, 1u}) { // none of it, half of it, one less
                    const u32 now = program_[step].numbers[which];
                    const u32 instead = part == 0 ? 0 : part == 2 ? now / 2 : now - 1;
                    if (now == 0 || instead >= now)
                        continue;
                    Program smaller = program_;
                    smaller[step].numbers[which] = instead;
                    any |= try_instead(std::move(smaller));
                }
        return any;
    }

    Program program_;
    const std::function<bool(const Program&)>& fails_;
    u32 runs_;
};

} // namespace

Program draw(u32 seed, u32 steps) {
    std::mt19937 random(seed);
    const bool errors = seed % 2 == 0;
    Program program(steps);
    for (Step& step : program) {
        const Kind& kind = draw_kind(random, errors);
        step.op = kind.op;
        step.numbers = {static_cast<u32>(random() % 4), static_cast<u32>(random() % 32),
                        static_cast<u32>(random() % kind.reach), static_cast<u32>(random() % 64)};
    }
    return program;
}

std::string to_text(const Program& program) {
    std::string text;
    for (const Step& step : program) {
        text += (text.empty() ? "" : "; ") + std::string(kind_of(step.op).name);
        for (const u32 number : step.numbers)
            text += " " + std::to_string(number);
    }
    return text;
}

Program from_text(const std::string& text) {
    Program program;
    std::istringstream steps(text);
    for (std::string one; std::getline(steps, one, ';');) {
        std::istringstream words(one);
        std::string name;
        Step step;
        words >> name;
        bool known = false;
        for (const Kind& kind : KINDS)
            if (name == kind.name) {
                step.op = kind.op;
                known = true;
            }
        for (u32& number : step.numbers)
            words >> number;
        if (!known || !words)
            throw std::invalid_argument("not an operation: " + one);
        program.push_back(step);
    }
    return program;
}

Program shrink(Program program, const std::function<bool(const Program&)>& fails, u32 runs) {
    return Shrinker(std::move(program), fails, runs).result();
}

} // namespace faultline::pressure
