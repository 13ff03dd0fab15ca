// Reading a world from outside: entries and descriptors, TLBs, frames, mappings, locks and waiters (interleave/view.hpp).
#include "interleave/view.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <utility>
#include <vector>

#include "arch/contract/tlb.hpp"
#include "arch/model/check.hpp"
#include "base/lockdep.hpp"
#include "interleave/world.hpp"
#include "kernel/debug/describe_pte.hpp"
#include "kernel/debug/trace.hpp"
#include "kernel/futex/queue.hpp"
#include "mm/filemap.hpp"
#include "mm/page.hpp"
#include "mm/pgtable.hpp"

namespace faultline::interleave {

namespace {

constexpr u32 SHOWN_WORDS = 16; // of a frame
constexpr std::size_t MOST_PAGES = 32;

using Frames = std::set<Pfn>;

std::string hex(u32 value) {
    char text[16];
    std::snprintf(text, sizeof text, "0x%08x", value);
    return text;
}

std::string words_of(HardwareDescriptor descriptor) {
    std::array<char, 160> text{};
    describe_descriptor(descriptor, text.data(), text.size());
    return text.data();
}

std::string words_of(Pte entry) {
    std::array<char, 160> text{};
    describe_pte(entry, text.data(), text.size());
    return text.data();
}

std::string words_of(PageFlags flags) {
    static constexpr const char* NAMES[] = {"reserved",       "buddy",    "slab",       "anon",      "referenced",
                                            "dirty",          "uptodate", "table",      "lazyfree",  "pcp",
                                            "anon_exclusive", "locked",   "writeback",  "tagged",    "lru",
                                            "active",         "isolated", "swapbacked", "swapcache", "hwpoison"};
    std::string text;
    for (u32 i = 0; i < std::size(NAMES); ++i)
        if ((flags.bits() >> i & 1) != 0)
            text += (text.empty() ? "" : " ") + std::string(NAMES[i]);
    return text;
}

MmStruct* space_of(const World& world, u8 asid) {
    for (MmStruct* mm : world.spaces())
        if (asid_is_current(mm->context) && mm->context.asid.value() == asid)
            return mm;
    return nullptr;
}

// The pages that the invariants watch, and what is mapped in an address space in which they watch none.
std::vector<std::pair<MmStruct*, UserAddr>> pages_to_show(const World& world) {
    auto pages = world.invariants.watched();
    for (MmStruct* mm : world.spaces()) {
        if (std::any_of(pages.begin(), pages.end(), [&](const auto& each) { return each.first == mm; }))
            continue;
        for (const VmArea& vma : mm->vmas)
            for (UserAddr page = vma.start; page < vma.end && pages.size() < MOST_PAGES; page = page + PAGE_SIZE)
                pages.emplace_back(mm, page);
    }
    return pages;
}

void add_pages(Json& json, const World& world, Frames& frames) {
    const auto list = json.list("pages");
    for (const auto& [mm, page] : pages_to_show(world)) {
        const Pte entry = truth_of(*mm, page);
        const HardwareDescriptor descriptor = hardware_descriptor(mm->context, page);
        const auto object = json.object();
        json.value("space", world.number_of(mm));
        json.value("page", hex(page.value()));
        json.value("name", world.name_of(page));
        json.value("entry", hex(entry.bits()));
        json.value("words", words_of(entry));
        json.value("descriptor", hex(descriptor.second_level));
        json.value("machine", words_of(descriptor));
        if (pte_present(entry)) {
            json.value("frame", entry.pfn().value());
            frames.insert(entry.pfn());
        }
    }
}

void add_held(Json& json, const lockdep::Held& held) {
    for (u32 i = 0; i < held.count; ++i)
        json.value(held.locks[i].watch->name());
}

bool has(const lockdep::Held& held, const void* lock) {
    return std::any_of(held.locks, held.locks + held.count, [&](const lockdep::Use& use) { return use.lock == lock; });
}

// There may be several locks of the name; so it also tells which CPUs hold this one.
void add_wanted(Json& json, World& world, const lockdep::Use& wanted) {
    json.value("wants", wanted.watch->name());
    const auto holders = json.list("held_by");
    for (u32 cpu = 0; cpu < world.machine.cpu_count(); ++cpu)
        if (has(lockdep::held_by_cpu(cpu), wanted.lock) || has(world.task(cpu).mm.held, wanted.lock))
            json.value(cpu);
}

// What a translation permits, and how that compares with truth.
void add_translation(Json& json, const World& world, u32 cpu, const model::TlbEntry& entry, Frames& frames) {
    const u32 dacr = world.machine.cpu(cpu).dacr;
    const auto permits = [&](model::AccessType type) {
        return model::check(entry.mapping, dacr, {.type = type, .privileged = false}).ok;
    };
    MmStruct* const mm = space_of(world, entry.asid);
    const bool read = permits(model::AccessType::Read), write = permits(model::AccessType::Write);
    json.value("page", hex(entry.page));
    json.value("name", world.name_of(UserAddr(entry.page)));
    json.value("space", world.number_of(mm));
    json.value("asid", entry.asid);
    json.value("frame", entry.frame >> PAGE_SHIFT);
    json.value("rights",
               std::string{read ? 'r' : '-', write ? 'w' : '-', permits(model::AccessType::Execute) ? 'x' : '-'});
    frames.insert(Pfn(entry.frame >> PAGE_SHIFT));
    if (mm == nullptr)
        return;
    const Pte truth = truth_of(*mm, UserAddr(entry.page));
    const bool beyond = (read && !pte_user_readable(truth)) || (write && !pte_user_writable(truth)) ||
                        (read && truth.pfn().address().value() != entry.frame);
    json.value("against_truth", beyond ? "beyond" : !write && pte_user_writable(truth) ? "behind" : "same");
}

void add_tlbs(Json& json, const World& world, u32 cpu, Frames& frames) {
    {
        const auto list = json.list("tlb");
        world.machine.cpu(cpu).tlb.for_each([&](const model::TlbEntry& entry) {
            const auto object = json.object();
            add_translation(json, world, cpu, entry, frames);
        });
    }
    const auto list = json.list("slots");
    for (u32 index = 0; index < tlb_config.entries; ++index) {
        const TlbSlot slot = tlb_slot(CpuId(static_cast<u8>(cpu)), index);
        if (slot.descriptor == 0)
            continue;
        const auto object = json.object();
        json.value("index", index);
        json.value("descriptor", hex(slot.descriptor));
        const model::Mapping mapping = model::walk_detail::page(0, slot.descriptor, false).mapping;
        add_translation(
            json, world, cpu,
            {.page = slot.page.value(), .asid = slot.asid.value(), .mapping = mapping, .frame = mapping.base}, frames);
    }
}

const char* name_of(TaskState state) {
    switch (state) {
    case TaskState::Running:
        return "running";
    case TaskState::Interruptible:
        return "interruptible";
    default:
        return "uninterruptible";
    }
}

void add_cpus(Json& json, World& world, Frames& frames) {
    const auto list = json.list("cpus");
    for (u32 cpu = 0; cpu < world.machine.cpu_count(); ++cpu) {
        const auto object = json.object();
        const Task& task = world.task(cpu);
        json.value("cpu", cpu);
        json.value("pid", task.pid);
        json.value("space", world.number_of(task.mm.mm));
        json.value("task", name_of(task.state));
        if (const auto standing = world.standing(cpu)) {
            json.value("next", standing->next);
            json.value("waits", standing->waits);
            json.value("over", standing->over);
        }
        if (const lockdep::Use wanted = lockdep::wanted_by_cpu(cpu); wanted.lock != nullptr)
            add_wanted(json, world, wanted);
        json.value("verb", world.verb_of(cpu));
        {
            const auto done = json.list("done");
            for (const std::string& verb : world.done_by(cpu))
                json.value(verb);
        }
        {
            const auto held = json.list("holds");
            add_held(json, lockdep::held_by_cpu(cpu));
            add_held(json, task.mm.held);
        }
        json.value("faults", task.mm.min_flt);
        add_tlbs(json, world, cpu, frames);
    }
}

void add_frames(Json& json, const Frames& frames) {
    const auto list = json.list("frames");
    for (const Pfn pfn : frames) {
        if (!pfn_valid(pfn))
            continue;
        const Page& page = pfn_to_page(pfn);
        const auto object = json.object();
        json.value("frame", pfn.value());
        json.value("count", page_count(page));
        json.value("mapcount", page_mapcount(page));
        json.value("flags", words_of(PageFlags(page.flags.load())));
        const auto words = json.list("words");
        for (u32 i = 0; i < SHOWN_WORDS; ++i)
            json.value(static_cast<const u32*>(page_address(page))[i]);
    }
}

void add_spaces(Json& json, const World& world) {
    const auto list = json.list("spaces");
    for (const MmStruct* mm : world.spaces()) {
        const auto object = json.object();
        json.value("space", world.number_of(mm));
        json.value("asid", mm->context.asid.value());
        const auto vmas = json.list("vmas");
        for (const VmArea& vma : mm->vmas) {
            const auto each = json.object();
            const auto letter = [&](VmFlags flag, char set, char clear) { return vma.flags.has(flag) ? set : clear; };
            json.value("start", hex(vma.start.value()));
            json.value("end", hex(vma.end.value()));
            json.value("flags", std::string{letter(VM_READ, 'r', '-'), letter(VM_WRITE, 'w', '-'),
                                            letter(VM_EXEC, 'x', '-'), letter(VM_SHARED, 's', 'p')});
            json.value("name", world.name_of(vma.start));
            if (!vma.anonymous()) {
                json.value("inode", vma.mapping->inode);
                json.value("pgoff", vma.pgoff);
            }
        }
    }
}

// The words that tasks wait for, each with its waiters in the order in which they would be woken.
FROM_OUTSIDE void add_waiters(Json& json) {
    const auto list = json.list("futexes");
    for (u32 index = 0; index < futex_nr_buckets(); ++index) {
        for (const FutexQ& q : futex_bucket(index).waiters) {
            const auto object = json.object();
            const bool file = q.key.kind == FutexKey::Kind::Inode;
            json.value("key", file                                      ? "shared"
                              : q.key.kind == FutexKey::Kind::PrivateMm ? "private"
                                                                        : "shared anonymous");
            if (file) {
                json.value("inode", q.key.object);
                json.value("index", q.key.page);
                json.value("offset", q.key.offset);
            } else {
                json.value("word", hex(q.key.page + q.key.offset));
            }
            json.value("pid", q.task->pid);
            json.value("pi", q.pi_state != nullptr);
        }
    }
}

} // namespace

std::string view_of_world() {
    const model::Unwatched outside;
    World& world = World::get();
    Json json;
    {
        const auto object = json.object();
        Frames frames;
        add_pages(json, world, frames);
        add_cpus(json, world, frames);
        add_frames(json, frames);
        add_spaces(json, world);
        add_waiters(json);
        const auto report = json.list("report");
        for (const std::string& line : world.report)
            json.value(line);
    }
    return json.finish();
}

void add_station(Json& json, const TraceRecord& record) {
    std::array<char, 256> line{};
    const std::string_view text(line.data(), format_trace_record(record, line.data(), line.size()));
    const std::string name = station_name(record.station);
    const auto object = json.object();
    json.value("cpu", record.cpu);
    json.value("name", name);
    json.value("words", text.substr(std::min(text.size(), text.find(name + ":") + name.size() + 2)));
}

} // namespace faultline::interleave
