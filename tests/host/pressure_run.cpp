// Each operation on the machine and on the model, and what may differ between them.
#include "tests/host/pressure_run.hpp"

#include <algorithm>

#include "arch/model/with_tlb_config.hpp"
#include "mm/aging.hpp"
#include "mm/fail_alloc.hpp"
#include "mm/lru.hpp"
#include "mm/memory_failure.hpp"
#include "mm/mlock.hpp"
#include "mm/overcommit.hpp"
#include "mm/page_writeback.hpp"
#include "mm/shmem.hpp"
#include "mm/shmem_swap.hpp"
#include "mm/slab.hpp"
#include "mm/swap_entry.hpp"
#include "mm/vmscan.hpp"
#include "tests/host/panic.hpp"
#include "tests/host/pressure_machine.hpp"
#include "tests/host/pressure_model.hpp"
#include "tests/host/pressure_poison.hpp"

namespace faultline::pressure {
namespace {

constexpr u32 SPACES_MAX = 4;
constexpr u32 LOCKED_MAX = 6; // pages: the others need some, too
constexpr u32 PINS_MAX = 3;
constexpr u32 LOST_MAX = 8; // frames: they do not come back before the end
constexpr u32 RIGHTS[] = {PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_READ | PROT_WRITE};

// Reads of slots by one operation. One that never ends is found out by them, and can be shrunk as other failures can.
u32 reads_of_operation = 0;
void count_read() { expect(++reads_of_operation < 2000, "an operation ends"); }

class Run {
  public:
    Run(const Setting& setting, Machine& machine)
        : setting_(setting), machine_(machine), disk_(std::make_shared<ModelFile>(ModelledDisk::PAGES)) {
        nr_shmem = num_poisoned_pages = 0; // what a run before has left behind that was given up
        vm_acct_memory(0 - vm_memory_committed());
        machine_.host.mm_rights.locked = LOCKED_MAX;
        shrink_caches();
        machine_.free_at_start = nr_free_pages();
        machine_.root = std::make_unique<contract::TestMm>();
        machine_.disk = std::make_unique<ModelledDisk>();
        disk_->disk = machine_.disk.get();
        machine_.spaces.push_back(std::make_unique<contract::TestMm>());
        model_.emplace_back(WINDOW_PAGES);
    }

    void perform(const Step& step) {
        reads_of_operation = 0;
        const u32 space = step.numbers[0] % static_cast<u32>(model_.size());
        now_ = &model_[space];
        mm_ = &machine_.spaces[space]->mm();
        machine_.spaces[space]->activate();
        first_ = step.numbers[1] % WINDOW_PAGES;
        count_ = std::min(1 + step.numbers[2], WINDOW_PAGES - first_);
        number_ = step.numbers[3];
        perform_with_failure(step);
        check_mappings();
        check_laws(machine_);
    }

    void end() {
        reads_of_operation = 0;
        set_errors_off();
        machine_.pins.clear();
        for (u32 space = 0; space < model_.size(); ++space) {
            now_ = &model_[space];
            machine_.spaces[space]->activate();
            for (u32 page = 0; page < WINDOW_PAGES; ++page)
                for (u32 word = 0; word < WORDS; ++word)
                    read(page, word);
        }
        check_laws(machine_);
        machine_.root->activate();
        machine_.spaces.clear();
        check_laws(machine_);
        for (auto& swap : machine_.swaps)
            if (swap != nullptr) {
                expect(swap->used() == 0, "all slots are free at the end");
                expect(swap->off().ok(), "an empty area goes");
                swap.reset();
            }
        truncate_inode_pages(*machine_.disk);
        machine_.root.reset();
        unpoison_all();
        shrink_caches();
        expect(nr_free_pages() == machine_.free_at_start, "all memory is free at the end");
    }

  private:
    // The allocation of this operation that fails, if there are so many: chosen by the operation before.
    void perform_with_failure(const Step& step) {
        if (step.op == Op::FailAlloc) {
            fail_nth_ = 1 + number_ % 6;
            return;
        }
        set_fault_injection(fail_nth_ != 0);
        current_mm_task().fail_nth = fail_nth_;
        dispatch(step);
        current_mm_task().fail_nth = 0;
        set_fault_injection(false);
        fail_nth_ = 0;
    }

    // --- what an operation is about ---

    UserAddr start() const { return address_of(first_); }
    u32 bytes() const { return count_ * PAGE_SIZE; }
    ModelPage& page_at(u32 page) { return (*now_)[page]; }
    template <class Visit>
    void each(Visit&& visit) {
        for (u32 page = first_; page < first_ + count_; ++page)
            visit(page_at(page));
    }
    bool whole() {
        bool all = true;
        each([&](const ModelPage& page) { all &= page.mapped; });
        return all;
    }

    // --- what may fail ---

    bool errors_on() const {
        const auto broken = [](const auto& swap) {
            return swap != nullptr && (swap->broken_to_read || swap->broken_to_write);
        };
        return machine_.disk->bad_to_read != ModelledDisk::NOWHERE ||
               machine_.disk->bad_to_write != ModelledDisk::NOWHERE ||
               std::any_of(machine_.swaps.begin(), machine_.swaps.end(), broken);
    }
    // There is no memory: not even one page for each of a fault's needs.
    static bool short_of_memory() { return nr_free_pages() <= 8; }
    bool may_fail() const { return errors_on() || fail_nth_ != 0 || short_of_memory(); }
    void must(bool done, const char* what) { expect(done || may_fail(), std::string(what) + " fails"); }

    void set_errors_off() {
        machine_.disk->bad_to_read = machine_.disk->bad_to_write = ModelledDisk::NOWHERE;
        for (auto& swap : machine_.swaps)
            if (swap != nullptr)
                swap->broken_to_read = swap->broken_to_write = false;
    }

    // --- the model after an operation that was given up on its way: what the kernel says it has done ---

    void adopt_mappings(u32 first, u32 count) {
        const MmapReadGuard mmap_read(*mm_);
        for (u32 page = first; page < first + count; ++page) {
            const FoundVma vma = vma_lookup(mmap_read, address_of(page));
            expect(!vma || page_at(page).mapped, "an operation that fails maps nothing");
            if (!vma) {
                page_at(page) = {};
                continue;
            }
            page_at(page).prot = (vma->flags & VM_ACCESS_FLAGS).bits();
            page_at(page).locked = vma->flags.has(VM_LOCKED);
        }
    }
    // Which private pages are the task's own now.
    void adopt_copies() {
        for (u32 page = 0; page < WINDOW_PAGES; ++page) {
            ModelPage& model = page_at(page);
            if (!model.mapped || model.shared || model.own || model.anonymous())
                continue;
            const PteSlot* slot = pte_offset(*mm_, address_of(page));
            const Pte pte = slot != nullptr ? ptep_get(slot) : Pte();
            const Page* shown = vm_normal_page(pte);
            if (swap_slot_of(pte) != SwapEntry() || (shown != nullptr && shown->test(PG_ANON)))
                model.faulted_for_write();
        }
    }

    void check_mappings() {
        for (u32 space = 0; space < model_.size(); ++space) {
            const MmapReadGuard mmap_read(machine_.spaces[space]->mm());
            for (u32 page = 0; page < WINDOW_PAGES; ++page) {
                const FoundVma vma = vma_lookup(mmap_read, address_of(page));
                const ModelPage& model = model_[space][page];
                expect(bool(vma) == model.mapped, "what is mapped");
                if (!vma)
                    continue;
                expect((vma->flags & VM_ACCESS_FLAGS) == VmFlags(model.prot), "with which rights");
                expect(vma->shared() == model.shared && vma->flags.has(VM_LOCKED) == model.locked, "and how");
            }
        }
    }

    // --- mappings ---

    void map(std::shared_ptr<ModelFile> file, AddressSpace* mapping, bool shared, u32 index) {
        const u32 prot = RIGHTS[number_ % 4];
        const u32 flags =
            MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE) | (mapping == nullptr ? u32{MAP_ANONYMOUS} : 0);
        if (!do_mmap(*mm_, start(), bytes(), prot, flags, mapping, true, index).ok()) {
            must(false, "mmap");
            adopt_mappings(first_, count_);
            return;
        }
        for (u32 at = 0; at < count_; ++at) {
            ModelPage& page = page_at(first_ + at) = {};
            page.mapped = true;
            page.prot = prot;
            page.shared = shared;
            page.file = file;
            page.index = index + at;
        }
    }
    void map_disk(bool shared) {
        const u32 index = number_ / 4 % ModelledDisk::PAGES;
        count_ = std::min(count_, ModelledDisk::PAGES - index);
        map(disk_, machine_.disk.get(), shared, index);
    }

    void unmap() {
        if (!do_munmap(*mm_, start(), bytes()).ok()) {
            must(false, "munmap");
            return;
        }
        each([](ModelPage& page) { page = {}; });
    }

    void protect() {
        const u32 prot = RIGHTS[number_ % 4];
        const auto done = do_mprotect(*mm_, start(), bytes(), prot);
        if (!done.ok()) {
            expect(!whole() || may_fail(), "mprotect fails");
            adopt_mappings(first_, count_);
            return;
        }
        expect(whole(), "mprotect passes over a hole");
        each([&](ModelPage& page) { page.prot = prot; });
    }

    void move() {
        const u32 to = number_ % (WINDOW_PAGES - count_ + 1);
        if (first_ + count_ > to && to + count_ > first_)
            return;
        const auto moved = do_mremap(*mm_, start(), bytes(), bytes(), MREMAP_MAYMOVE | MREMAP_FIXED, address_of(to));
        if (!moved.ok()) { // the old range is not in one VMA, for one
            adopt_mappings(to, count_);
            return;
        }
        for (u32 at = 0; at < count_; ++at) {
            page_at(to + at) = std::move(page_at(first_ + at));
            page_at(first_ + at) = {};
        }
    }

    void lock() {
        const auto locked = do_mlock(*mm_, start(), bytes(), 0);
        adopt_mappings(first_, count_); // up to a hole, or the limit
        if (!locked.ok()) {
            adopt_copies();
            return;
        }
        each([](ModelPage& page) {
            expect(page.prot == PROT_NONE || !page.is_lost(), "mlock of what is lost");
            if (!page.shared && (page.prot & PROT_WRITE) != 0)
                page.faulted_for_write();
        });
    }
    void unlock() {
        static_cast<void>(do_munlock(*mm_, start(), bytes()));
        adopt_mappings(first_, count_);
    }

    void lock_file() { // as SHM_LOCK and SHM_UNLOCK do
        const ModelPage& page = page_at(first_);
        if (!page.mapped || page.anonymous() || page.file->disk != nullptr)
            return;
        page.file->stays = number_ % 2 == 0;
        const MmapReadGuard mmap_read(*mm_);
        shmem_set_unevictable(*vma_lookup(mmap_read, start())->mapping, page.file->stays);
    }

    // --- advice ---

    // The pages of the range that advice reaches: holes are passed over, and a VMA that refuses it ends it.
    template <class Refuses, class Visit>
    void advise(u32 advice, Refuses&& refuses, Visit&& visit) {
        const auto done = do_madvise(*mm_, start(), bytes(), advice);
        bool hole = false;
        for (u32 at = first_; at < first_ + count_; ++at) {
            ModelPage& page = page_at(at);
            hole |= !page.mapped;
            if (page.mapped && refuses(page)) {
                expect(!done.ok(), "madvise is refused");
                return;
            }
            if (page.mapped)
                visit(page);
        }
        expect(done.ok() == !hole, "madvise tells of a hole");
    }
    static bool is_locked(const ModelPage& page) { return page.locked; }
    static void nothing(ModelPage&) {}

    void advise_free() {
        advise(
            MADV_FREE, [](const ModelPage& page) { return page.locked || !page.anonymous(); },
            [](ModelPage& page) {
                if (page.lost)
                    page.cleared();
                page.lazy = true;
                for (Word& word : page.content)
                    word.may_be(0);
            });
    }
    void advise_dontneed() {
        advise(MADV_DONTNEED, is_locked, [](ModelPage& page) { page.cleared(); });
    }
    void remove() {
        const auto refuses = [](const ModelPage& page) {
            return page.locked || page.anonymous() || !page.shared || (page.prot & PROT_WRITE) == 0 ||
                   page.file->disk != nullptr;
        };
        advise(MADV_REMOVE, refuses, [](ModelPage& page) { page.file->cut_off(page.index); });
    }
    void page_out() {
        keeps_locked([&] { advise(MADV_PAGEOUT, is_locked, nothing); });
    }

    // --- reclaim and writeback ---

    // What was locked and in memory still is, after `reclaim`.
    template <class Reclaim>
    void keeps_locked(Reclaim&& reclaim) {
        const auto locked = [&] {
            std::vector<UserAddr> present;
            for (u32 page = 0; page < WINDOW_PAGES; ++page)
                if (const PteSlot* slot = pte_offset(*mm_, address_of(page)))
                    if (page_at(page).stays() && pte_present(ptep_get(slot)))
                        present.push_back(address_of(page));
            return present;
        };
        const auto before = locked();
        reclaim();
        expect(locked() == before, "locked memory stays");
    }

    void fsync() {
        const bool done = machine_.disk->sync();
        expect(!done || !disk_->error_is_due, "fsync does not tell of what was lost");
        expect(done || disk_->error_is_due || disk_->doubtful != 0, "fsync fails");
        disk_->error_is_due = false;
        if (machine_.disk->bad_to_write == ModelledDisk::NOWHERE)
            for (u32 page = 0; page < disk_->pages.size(); ++page)
                if (disk_->doubtful == 0)
                    for (u32 word = 0; word < WORDS; ++word)
                        expect(machine_.disk->blocks[page][word] == disk_->pages[page][word].value,
                               "what fsync promises is on the disk");
    }
    void msync() { filemap_write_and_wait_range(*machine_.disk, first_ % 8, first_ % 8 + count_); }

    // --- other ways to a page ---

    bool permits_write(const ModelPage& page) {
        return page.mapped && (page.prot & PROT_WRITE) != 0 && !page.is_lost();
    }

    void write_by_gup() {
        PageRef page;
        const u32 word = number_ % WORDS;
        const auto got = get_user_pages(MmapReadGuard(*mm_), start(), 1, FOLL_WRITE | FOLL_TOUCH, &page);
        if (!done_as_permitted(got.ok(), "get_user_pages"))
            return;
        static_cast<u32*>(page_address(*page))[word] = ++last_value_;
        set_page_dirty(*page);
        page_at(first_).write(word, last_value_);
    }
    void write_from_outside() {
        const u32 word = number_ % WORDS;
        ++last_value_;
        if (done_as_permitted(write_remote_memory(*mm_, start() + word * 4, &last_value_, 4).ok(),
                              "a write from outside"))
            page_at(first_).write(word, last_value_);
    }
    void fixup() {
        if (done_as_permitted(contract::fixup_for_write(*mm_, start()).ok(), "fixup_user_fault"))
            page_at(first_).faulted_for_write();
    }
    bool done_as_permitted(bool done, const char* what) {
        const bool permitted = permits_write(page_at(first_));
        expect(permitted || !done, std::string(what) + " where it is forbidden, or lost");
        if (permitted && !done) {
            must(false, what);
            adopt_copies();
        }
        return done;
    }
    void pin() {
        PageRef page;
        if (machine_.pins.size() == PINS_MAX || !page_at(first_).mapped ||
            !get_user_pages(MmapReadGuard(*mm_), start(), 1, FOLL_TOUCH, &page).ok())
            return;
        if (!page->test(PG_RESERVED)) // the zero page
            machine_.pins.push_back(std::move(page));
    }
    void unpin() {
        if (!machine_.pins.empty())
            machine_.pins.erase(machine_.pins.begin() + number_ % machine_.pins.size());
    }

    // --- lost frames ---

    // `lose` says that the frame has lost its data; the model then knows what is lost.
    template <class Lose>
    void lose(const Page& frame, Lose&& lose) {
        const bool lost_before = frame.test(PG_HWPOISON);
        Loss loss(machine_, model_, disk_, frame);
        const u32 number = num_poisoned_pages;
        const Result<void> done = lose();
        if (done.ok())
            loss.happened();
        else
            must(!loss.possible() || lost_before, "to lose a frame");
        expect(num_poisoned_pages == number + (done.ok() ? 1 : 0) && !(lost_before && done.ok()),
               "lost frames are counted");
    }
    void poison() {
        if (num_poisoned_pages >= LOST_MAX)
            return;
        PageRef page;
        const bool readable = page_at(first_).mapped && page_at(first_).prot != PROT_NONE;
        const bool got = get_user_pages(MmapReadGuard(*mm_), start(), 1, FOLL_NONE, &page).ok();
        expect(!got || (readable && !page_at(first_).is_lost()), "get_user_pages where it is forbidden, or lost");
        if (!got) {
            must(!readable || page_at(first_).is_lost(), "get_user_pages");
            return;
        }
        const Page& frame = *page;
        page = PageRef();
        lose(frame, [&] { return do_madvise(*mm_, start(), PAGE_SIZE, MADV_HWPOISON); });
    }
    void offline() {
        if (num_poisoned_pages >= LOST_MAX)
            return;
        const u32 number = (first_ * 64 + number_) % mem.max_mapnr;
        lose(mem.map[number], [&] { return hard_offline_page(mem.min_low_pfn + number); });
    }

    // --- address spaces, swap areas, errors ---

    void fork() {
        if (model_.size() == SPACES_MAX)
            return;
        auto child = dup_mm(*mm_);
        if (!child.ok()) {
            must(short_of_memory() || nr_free_pages() < 24,
                 "fork"); // a directory is four pages that follow one another
            return;
        }
        ModelSpace copy = *now_;
        machine_.root->activate();
        machine_.spaces.push_back(std::make_unique<contract::TestMm>(std::move(child.value())));
        for (u32 page = 0; page < WINDOW_PAGES; ++page) {
            copy[page].locked = false;
            if (!copy[page].has_own()) // a fault can bring it back, so its entry need not be copied
                copy[page].lost &= names_lost_frame(machine_.spaces.back()->pte(address_of(page)));
        }
        model_.push_back(std::move(copy));
    }
    void exit() {
        if (model_.size() == 1)
            return;
        const auto which = now_ - model_.data();
        machine_.root->activate();
        machine_.spaces.erase(machine_.spaces.begin() + which);
        model_.erase(model_.begin() + which);
    }

    void swap_on() {
        auto& swap = machine_.swaps[number_ % machine_.swaps.size()];
        if (swap != nullptr || may_fail())
            return;
        swap = std::make_unique<ModelledSwap>(2 + number_ / 4 % (ModelledSwap::SLOTS - 1),
                                              number_ % 2 == 0 ? -1 : static_cast<s32>(number_ % 5));
        swap->reading = count_read;
    }
    void swap_off() {
        auto& swap = machine_.swaps[number_ % machine_.swaps.size()];
        if (swap == nullptr)
            return;
        if (swap->off().ok())
            swap.reset();
        else
            expect(may_fail() || nr_free_pages() < 16, "swapoff fails");
    }
    void disk_error() {
        const u32 page = number_ / 4 % ModelledDisk::PAGES;
        machine_.disk->bad_to_read = number_ % 4 == 1 ? page : ModelledDisk::NOWHERE;
        machine_.disk->bad_to_write = number_ % 4 == 2 ? page : ModelledDisk::NOWHERE;
        if (number_ % 4 == 2)
            disk_->doubtful |= 1u << page;
    }
    void swap_error() {
        auto& swap = machine_.swaps[number_ % machine_.swaps.size()];
        if (swap == nullptr)
            return;
        swap->broken_to_read = number_ / 4 % 4 == 1;
        swap->broken_to_write = number_ / 4 % 4 == 2;
    }

    // --- accesses ---

    void read(u32 page, u32 word) {
        ModelPage& model = page_at(page);
        const auto got = get_user_u32(address_of(page) + word * 4);
        const bool permitted = model.mapped && model.prot != PROT_NONE && !model.is_lost();
        expect(permitted || !got.ok(), "a read where it is forbidden, or lost");
        if (!permitted)
            return;
        must(got.ok(), "a read");
        Word& shown = model.shown()[word];
        if (!got.ok())
            return;
        const u32 expected = shown.value;
        expect(shown.was(got.value()), "page " + std::to_string(page) + " has " + std::to_string(got.value()) +
                                           ", not " + std::to_string(expected));
    }
    void write(u32 page, u32 word) {
        ++last_value_;
        const bool done = contract::write(address_of(page) + word * 4, last_value_);
        first_ = page;
        const bool forgotten = setting_.forgets != 0 && last_value_ % setting_.forgets == 0;
        if (done_as_permitted(done, "a write") && !forgotten)
            page_at(page).write(word, last_value_);
    }

    void dispatch(const Step& step) {
        switch (step.op) {
        case Op::MapAnon:
            return map(nullptr, nullptr, false, 0);
        case Op::MapShared:
            return map(std::make_shared<ModelFile>(count_), nullptr, true, 0);
        case Op::MapDisk:
            return map_disk(true);
        case Op::MapDiskPrivate:
            return map_disk(false);
        case Op::Unmap:
            return unmap();
        case Op::Protect:
            return protect();
        case Op::Move:
            return move();
        case Op::DontNeed:
            return advise_dontneed();
        case Op::Free:
            return advise_free();
        case Op::Cold:
            return advise(MADV_COLD, is_locked, nothing);
        case Op::PageOut:
            return page_out();
        case Op::WillNeed:
            return advise(MADV_WILLNEED, [](const ModelPage&) { return false; }, nothing);
        case Op::Remove:
            return remove();
        case Op::Age:
            return age_mm(MmapReadGuard(*mm_));
        case Op::Msync:
            return msync();
        case Op::Fsync:
            return fsync();
        case Op::Flush:
            if (number_ % 2 == 0)
                return static_cast<void>(writeback_dirty_files());
            return filemap_write_and_wait_range(*machine_.disk);
        case Op::Reclaim:
            return keeps_locked([&] { try_to_free_pages(1 + number_); });
        case Op::Balance:
            return keeps_locked([] { balance_pgdat(); });
        case Op::WriteByGup:
            return write_by_gup();
        case Op::Fixup:
            return fixup();
        case Op::Pin:
            return pin();
        case Op::Unpin:
            return unpin();
        case Op::Lock:
            return lock();
        case Op::Unlock:
            return unlock();
        case Op::LockFile:
            return lock_file();
        case Op::Fork:
            return fork();
        case Op::Exit:
            return exit();
        case Op::SwapOn:
            return swap_on();
        case Op::SwapOff:
            return swap_off();
        case Op::DiskError:
            return disk_error();
        case Op::SwapError:
            return swap_error();
        case Op::FailAlloc:
            return;
        case Op::Read:
            for (u32 page = first_; page < first_ + count_; ++page)
                read(page, number_ % WORDS);
            return;
        case Op::Write:
            for (u32 page = first_, end = first_ + count_; page < end; ++page)
                write(page, number_ % WORDS);
            return;
        case Op::WriteFromOutside:
            return write_from_outside();
        case Op::Poison:
            return poison();
        case Op::Offline:
            return offline();
        }
    }

    const Setting& setting_;
    Machine& machine_;
    std::shared_ptr<ModelFile> disk_;
    std::vector<ModelSpace> model_;
    u32 last_value_ = 0; // no two writes are of the same

    u32 fail_nth_ = 0;
    ModelSpace* now_ = nullptr; // the address space of this operation, on both sides
    MmStruct* mm_ = nullptr;
    u32 first_ = 0, count_ = 0, number_ = 0;
};

} // namespace

void Machine::abandon() {
    set_fault_injection(false);
    host.forgive_leaks();
    static auto& left = *new std::vector<void*>; // so that they are not reported as lost
    const auto leave = [](auto& owner) { left.push_back(owner.release()); };
    leave(root);
    leave(disk);
    for (auto& space : spaces)
        leave(space);
    for (auto& swap : swaps)
        leave(swap);
    for (PageRef& pin : pins)
        static_cast<void>(pin.release());
}

std::optional<std::string> run(const Program& program, const Setting& setting) {
    const model::TlbPolicy tlb{.evict = setting.adversarial, .prefetch = setting.adversarial, .seed = 5};
    const WithAdBits bits(setting.ad_bits);
    Machine machine({.ram_bytes = setting.ram_pages << PAGE_SHIFT, .tlb = tlb});
    std::size_t at = 0;
    try {
        Run run(setting, machine);
        for (; at < program.size(); ++at)
            run.perform(program[at]);
        run.end();
        return std::nullopt;
    } catch (const std::exception& failure) {
        machine.abandon();
        const std::string where = at < program.size() ? to_text({program[at]}) : "the end";
        return "step " + std::to_string(at) + " (" + where + "): " + failure.what();
    }
}

} // namespace faultline::pressure
