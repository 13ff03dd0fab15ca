// Running a script, a verb at a time (interleave/script.hpp).
#include <arch/current.hpp>

#include <array>
#include <iterator>

#include <linux/futex.h>

#include "base/irq_guard.hpp"
#include "interleave/modelled_swap.hpp"
#include "interleave/pi_locks.hpp"
#include "interleave/script.hpp"
#include "interleave/script_verbs.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/syscalls.hpp"
#include "mm/aging.hpp"
#include "mm/filemap.hpp"
#include "mm/gup.hpp"
#include "mm/madvise.hpp"
#include "mm/mprotect.hpp"
#include "mm/munmap.hpp"
#include "mm/page_writeback.hpp"
#include "mm/vmscan.hpp"

namespace faultline::interleave {

namespace {

constexpr std::size_t MOST_DONE = 64; // verbs that are remembered with their results

std::string name_of_error(Errno error) {
    switch (error) {
    case Errno::AGAIN:
        return "EAGAIN";
    case Errno::FAULT:
        return "EFAULT";
    case Errno::DEADLK:
        return "EDEADLK";
    case Errno::INVAL:
        return "EINVAL";
    case Errno::NOMEM:
        return "ENOMEM";
    case Errno::PERM:
        return "EPERM";
    case Errno::SRCH:
        return "ESRCH";
    case Errno::ACCES:
        return "EACCES";
    default:
        return "error " + std::to_string(static_cast<u32>(error));
    }
}

std::string answer(const Result<u32>& result) {
    return result.ok() ? std::to_string(result.value()) : name_of_error(result.error());
}
std::string answer(const Result<void>& result) { return result.ok() ? "0" : name_of_error(result.error()); }

class ScriptedProgram final : public Program {
  public:
    ScriptedProgram(const Script& script, const model::TlbPolicy& tlb)
        : Program(static_cast<u32>(script.cpus.size()), tlb), script_(script) {
        if (!script_.swaps)
            return;
        swap_.emplace();
        swap_->saved = [](const Page& page) { World::get().invariants.saved(page_to_pfn(page)); };
        at_the_end(
            [this] { require(swap_->used() == 0 && swap_->off().ok(), "a slot in swap stays in use at the end"); });
    }

    std::string name_of(UserAddr page) const override {
        for (std::size_t i = 0; i < starts_.size(); ++i) {
            const ScriptMapping& mapping = script_.mappings[i];
            if (page < starts_[i] || page >= starts_[i] + mapping.pages * PAGE_SIZE)
                continue;
            return mapping.pages == 1 ? mapping.name
                                      : mapping.name + "[" + std::to_string((page - starts_[i]) >> PAGE_SHIFT) + "]";
        }
        return "";
    }
    std::string verb_of(u32 cpu) const override { return doing_[cpu]; }
    std::vector<std::string> done_by(u32 cpu) const override { return done_[cpu]; }

    // What the mutex of pi_locks.hpp is made of.
    using World::read;
    using World::write;
    u32 cmpxchg(UserAddr word, u32 expected, u32 desired) {
        const auto found = try_cmpxchg(word, expected, desired);
        require(found.has_value(), "a compare-and-swap has failed that must succeed: the program gets SIGSEGV");
        return *found;
    }
    Result<u32> futex(UserAddr word, u32 op, u32 value, UserAddr second, u32 third, u32 val2) {
        return call([&] { return sys_futex(word, op, value, UserAddr(val2), second, third); });
    }

  protected:
    void set_up() override {
        for (const ScriptMapping& mapping : script_.mappings)
            starts_.push_back(mapping.of
                                  ? map_again(mapping)
                                  : (mapping.is_shared ? map_shared(mapping.pages) : map_private(mapping.pages)));
        run_lines(script_.before);
        machine.select_cpu(0);
    }
    void cpu(u32 number) override {
        for (const ScriptVerb& verb : script_.cpus[number])
            perform(number, verb);
        doing_[number].clear();
    }
    void check() override { run_lines(script_.after); }

  private:
    UserAddr map_again(const ScriptMapping& mapping) {
        AddressSpace* file = nullptr;
        {
            const MmapReadGuard mmap_read(mm());
            file = vma_lookup(mmap_read, starts_[*mapping.of])->mapping;
        }
        const u32 bytes = mapping.pages * PAGE_SIZE;
        const UserAddr start = do_mmap(mm(), UserAddr(0), bytes, PROT_READ | PROT_WRITE,
                                       mapping.is_shared ? MAP_SHARED : MAP_PRIVATE, file, true, 0)
                                   .value();
        watch(mm(), start, mapping.pages);
        return start;
    }
    void run_lines(const std::vector<Script::Line>& lines) {
        for (const Script::Line& line : lines) {
            machine.select_cpu(line.cpu);
            for (const ScriptVerb& verb : line.verbs)
                perform(line.cpu, verb);
            doing_[line.cpu].clear();
        }
    }

    MmStruct& here() { return *current_mm_task().mm; }
    UserAddr address_of(const ScriptPlace& place) const {
        return starts_[place.mapping] + place.page.value_or(0) * PAGE_SIZE + place.word * 4;
    }
    UserAddr start_of(const ScriptPlace& place) const { return address_of({place.mapping, place.page, 0}); }
    u32 bytes_of(const ScriptPlace& place) const {
        return (place.page ? 1 : script_.mappings[place.mapping].pages) * PAGE_SIZE;
    }
    static u32 number_of(const ScriptValue& value) {
        switch (value.kind) {
        case ScriptValue::OwnTid:
            return static_cast<u32>(current()->pid);
        case ScriptValue::TidOf:
            return value.number + 1; // as World numbers its tasks
        case ScriptValue::Number:
            break;
        }
        return value.number;
    }

    void perform(u32 cpu, const ScriptVerb& verb) {
        doing_[cpu] = verb.text;
        const std::string result = do_verb(cpu, verb);
        auto& done = done_[cpu];
        done.push_back(verb.text + (result.empty() ? "" : ": " + result));
        if (done.size() > MOST_DONE)
            done.erase(done.begin());
    }

    std::string do_verb(u32 cpu, const ScriptVerb& verb) {
        const UserAddr word = address_of(verb.place), start = start_of(verb.place);
        const u32 bytes = bytes_of(verb.place), value = number_of(verb.value);
        switch (VERBS[verb.kind].kind) {
        case VerbKind::Read: {
            const auto seen = try_read(word);
            return seen ? std::to_string(*seen) : "SIGSEGV";
        }
        case VerbKind::Write:
            return try_write(word, value) ? "" : "SIGSEGV";
        case VerbKind::Expect:
            return expect(verb, word, value);
        case VerbKind::Fill:
            return fill(word, value);
        case VerbKind::Cmpxchg: {
            const auto found = try_cmpxchg(word, value, number_of(verb.other_value));
            return found ? std::to_string(*found) : "SIGSEGV";
        }
        case VerbKind::Await:
            return await(word, value);
        case VerbKind::Mprotect: {
            static constexpr u32 PROTECTION[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE};
            return answer(call([&] { return do_mprotect(here(), start, bytes, PROTECTION[value]); }));
        }
        case VerbKind::Munmap:
            return answer(call([&] { return do_munmap(here(), start, bytes); }));
        case VerbKind::Madvise: {
            static constexpr u32 LINUX_ADVICE[] = {MADV_DONTNEED, MADV_FREE, MADV_COLD, MADV_PAGEOUT};
            return answer(call([&] { return do_madvise(here(), start, bytes, LINUX_ADVICE[value]); }));
        }
        case VerbKind::Age:
            call([&] { age_page_range(MmapReadGuard(here()), start, start + bytes); });
            return "";
        case VerbKind::Clean:
            call([&] { clean_page_range(MmapReadGuard(here()), start, start + bytes); });
            return "";
        case VerbKind::SwapOut:
            return swap_out(start, bytes);
        case VerbKind::Fork:
            return fork_here(value);
        case VerbKind::Thread: {
            run_in(value, here());
            machine.select_cpu(cpu);
            return "";
        }
        case VerbKind::Exit:
            leave(cpu);
            return "";
        case VerbKind::Lock:
            return answer(pi_mutex_lock(*this, word));
        case VerbKind::Unlock:
            return answer(pi_mutex_unlock(*this, word));
        default:
            return answer(futex_call(verb, word, value));
        }
    }

    Result<u32> futex_call(const ScriptVerb& verb, UserAddr word, u32 value) {
        const u32 flags = verb.is_private ? FUTEX_PRIVATE_FLAG : 0;
        const UserAddr second = verb.has_second ? address_of(verb.second) : word;
        switch (VERBS[verb.kind].kind) {
        case VerbKind::Wait:
            return futex(word, FUTEX_WAIT | flags, value, UserAddr(0), 0, 0);
        case VerbKind::Wake:
            return futex(word, FUTEX_WAKE | flags, value, UserAddr(0), 0, 0);
        case VerbKind::WakeOp: {
            constexpr u32 ADD_ONE = FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0u);
            return futex(word, FUTEX_WAKE_OP | flags, 1, second, ADD_ONE, 1);
        }
        case VerbKind::CmpRequeue:
            return futex(word, FUTEX_CMP_REQUEUE | flags, 1, second, value, 1);
        case VerbKind::LockPi:
            return futex(word, FUTEX_LOCK_PI | flags, 0, UserAddr(0), 0, 0);
        case VerbKind::LockPi2:
            return futex(word, FUTEX_LOCK_PI2 | flags, 0, UserAddr(0), 0, 0);
        case VerbKind::TrylockPi:
            return futex(word, FUTEX_TRYLOCK_PI | flags, 0, UserAddr(0), 0, 0);
        default:
            return futex(word, FUTEX_UNLOCK_PI | flags, 0, UserAddr(0), 0, 0);
        }
    }

    std::string expect(const ScriptVerb& verb, UserAddr word, u32 value) {
        const auto seen = try_read(word);
        if (!seen)
            throw Violation("`" + verb.text + "`: the program gets SIGSEGV");
        if (*seen != value)
            throw Violation("`" + verb.text + "`: it is " + std::to_string(*seen));
        return "";
    }

    std::string fill(UserAddr word, u32 value) {
        return call([&]() -> std::string {
            AddressSpace* file = nullptr;
            u32 index = 0;
            {
                const MmapReadGuard mmap_read(here());
                const FoundVma vma = vma_lookup(mmap_read, word);
                if (!vma || vma->anonymous())
                    return "EBADF";
                file = vma->mapping;
                index = vma->pgoff + ((word.page() - vma->start) >> PAGE_SHIFT);
            }
            PageRef page;
            bool major = false;
            if (const auto got = read_mapping_page(*file, index, page, major); !got.ok())
                return name_of_error(got.error());
            static_cast<u32*>(page_address(*page))[word.page_offset() / sizeof(u32)] = value;
            set_page_dirty(*page);
            return "";
        });
    }

    // As a program's LDREX and STREX. Returns what it found; nothing: SIGSEGV.
    std::optional<u32> try_cmpxchg(UserAddr word, u32 expected, u32 desired) {
        const OperationScope scope(*this, Invariants::Operation::Access);
        while (true) {
            const auto found = machine.perform([&] { return machine.load_exclusive(word.value(), model::Mode::User); });
            if (!found || *found != expected) {
                machine.clear_exclusive();
                return found;
            }
            const auto failed =
                machine.perform([&] { return machine.store_exclusive(word.value(), desired, model::Mode::User); });
            if (!failed)
                return std::nullopt;
            if (*failed == 0) {
                invariants.wrote(here(), word);
                return expected;
            }
        }
    }

    // It does not look through a TLB: that is not what is of interest here.
    std::string await(UserAddr word, u32 tasks) {
        MmStruct& space = here();
        const auto sleeping = [this] {
            u32 count = 0;
            for (u32 each = 0; each < machine.cpu_count(); ++each)
                count += waits_for_pi_lock(each) ? 1 : 0;
            return count;
        };
        spin_until([&] {
            const model::Unwatched outside;
            if (sleeping() < tasks)
                return false;
            const Pte entry = truth_of(space, word.page());
            return pte_present(entry) && (static_cast<const u32*>(page_address(
                                              pfn_to_page(pte_pfn(entry))))[word.page_offset() / sizeof(u32)] &
                                          FUTEX_WAITERS) != 0;
        });
        return "";
    }

    // Reclaim takes the pages, though they were used a moment ago.
    std::string swap_out(UserAddr start, u32 bytes) {
        u32 taken = 0;
        call([&] {
            static_cast<void>(do_madvise(here(), start, bytes, MADV_COLD));
            for (UserAddr page = start; page < start + bytes; page += PAGE_SIZE) {
                PageRef present = follow_page(MmapReadGuard(here()), page, FOLL_NONE);
                if (!present)
                    continue;
                present->clear(PG_REFERENCED);
                reclaim_page(std::move(present));
                if (!pte_present(truth_of(here(), page)))
                    ++taken;
            }
        });
        return std::to_string(taken);
    }

    std::string fork_here(u32 where) {
        const auto forked = try_fork(starts_.front(), script_.mappings.front().pages);
        if (!forked.ok())
            return name_of_error(forked.error());
        MmStruct& child = *forked.value();
        for (std::size_t i = 1; i < starts_.size(); ++i)
            watch(child, starts_[i], script_.mappings[i].pages);
        if (where == FORK_ALONE)
            return "";
        const u32 self = machine.cpu_number();
        run_in(where == FORK_CHILD ? self : where, child);
        machine.select_cpu(self);
        return "";
    }

    void leave(u32 cpu) {
        MmStruct& left = here();
        call([&] {
            task(cpu).exiting = true;
            futex_exit(task(cpu));
            const IrqGuard irqs;
            task(cpu).mm.mm = nullptr;
            switch_mm(nullptr);
        });
        for (u32 other = 0; other < machine.cpu_count(); ++other)
            if (task(other).mm.mm == &left)
                return;
        end(left);
    }

    const Script script_;
    std::optional<ModelledSwap> swap_;
    std::vector<UserAddr> starts_;
    std::array<std::string, Script::MOST_CPUS> doing_;
    std::array<std::vector<std::string>, Script::MOST_CPUS> done_;
};

} // namespace

Maker scripted(Script script) {
    return [script = std::move(script)](const model::TlbPolicy& tlb) {
        return std::make_unique<ScriptedProgram>(script, tlb);
    };
}

} // namespace faultline::interleave
