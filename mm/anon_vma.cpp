// The life of an AnonVma: made by the first fault that needs it, joined by VMAs that come from the same one, retired with
// the last.
#include "mm/anon_vma.hpp"

#include "base/late.hpp"
#include "mm/mm_struct.hpp"
#include "mm/slab.hpp"

namespace faultline {
namespace {

constinit KmemCache anon_vma_cache("anon_vma", sizeof(AnonVma), alignof(AnonVma));

// Who may still look at an AnonVma that has lost its last VMA.
struct Readers {
    SpinLock lock{"AnonVma readers"};
    u32 count GUARDED_BY(lock) = 0;
    AnonVma* retired GUARDED_BY(lock) = nullptr; // to be freed by the last reader
};
constinit Late<Readers> readers;

// Whether the anonymous pages of two VMAs that touch could be those of one. (Linux: anon_vma_compatible.)
bool anon_vma_compatible(const VmArea& below, const VmArea& above) {
    return below.end == above.start && below.mapping == above.mapping && below.pgoff + below.pages() == above.pgoff &&
           below.flags.without(VM_ACCESS_FLAGS) == above.flags.without(VM_ACCESS_FLAGS);
}

// (Linux: find_mergeable_anon_vma.)
AnonVma* find_mergeable_anon_vma(const VmArea& vma) {
    if (const VmArea* next = vma_next(vma); next != nullptr && anon_vma_compatible(vma, *next) && next->anon_vma)
        return next->anon_vma;
    if (const VmArea* below = vma_prev(vma); below != nullptr && anon_vma_compatible(*below, vma))
        return below->anon_vma;
    return nullptr;
}

// `fresh`, or what a neighbour has, or what another fault was faster with.
void link_first(VmArea& vma, AnonVma& fresh) {
    const Guard one_at_a_time(vma.mm->page_table_lock); // faults hold the mmap lock for reading only
    if (vma.anon_vma != nullptr)
        return;
    AnonVma* family = find_mergeable_anon_vma(vma);
    AnonVma& joined = family != nullptr ? *family : fresh;
    const Guard lock(joined.lock);
    anon_vma_link(vma, joined);
}

} // namespace

void anon_vma_init() { readers.emplace(); }

bool make_anon_vma(VmArea& vma) {
    AnonVma* fresh = kmem_new<AnonVma>(anon_vma_cache);
    if (fresh == nullptr)
        return false;
    link_first(vma, *fresh);
    if (vma.anon_vma != fresh)
        kmem_delete(anon_vma_cache, fresh);
    return true;
}

void anon_vma_link(VmArea& vma, AnonVma& family) {
    family.vmas.push_back(vma);
    vma.anon_vma = &family;
}

void unlink_anon_vma(VmArea& vma) {
    AnonVma* family = vma.anon_vma;
    if (family == nullptr)
        return;
    bool last = false;
    {
        const Guard lock(family->lock);
        vma.anon_vma_link.unlink();
        last = family->vmas.empty();
    }
    vma.anon_vma = nullptr;
    if (!last)
        return;
    Readers& others = *readers;
    const Guard lock(others.lock);
    if (others.count == 0) {
        kmem_delete(anon_vma_cache, family);
        return;
    }
    family->next_retired = others.retired;
    others.retired = family;
}

AnonVmaReader::AnonVmaReader() {
    Readers& all = *readers;
    const Guard lock(all.lock);
    ++all.count;
}

AnonVmaReader::~AnonVmaReader() {
    AnonVma* retired = nullptr;
    {
        Readers& all = *readers;
        const Guard lock(all.lock);
        if (--all.count == 0)
            std::swap(retired, all.retired);
    }
    while (retired != nullptr) {
        AnonVma* next = retired->next_retired;
        kmem_delete(anon_vma_cache, retired);
        retired = next;
    }
}

} // namespace faultline
