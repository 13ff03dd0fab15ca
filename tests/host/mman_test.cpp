// mm/mman.hpp against Linux's own headers. Ours is included first: Linux's names are macros and would replace ours.
#include "mm/mman.hpp"

namespace {

struct Pair {
    const char* name;
    unsigned ours;
};

#define OURS(name)                                                                                                     \
    Pair { #name, faultline::name }
constexpr Pair ours[] = {
    OURS(PROT_NONE),
    OURS(PROT_READ),
    OURS(PROT_WRITE),
    OURS(PROT_EXEC),
    OURS(PROT_SEM),
    OURS(PROT_GROWSDOWN),
    OURS(PROT_GROWSUP),
    OURS(MAP_SHARED),
    OURS(MAP_PRIVATE),
    OURS(MAP_TYPE),
    OURS(MAP_FIXED),
    OURS(MAP_SHARED_VALIDATE),
    OURS(MAP_ANONYMOUS),
    OURS(MAP_GROWSDOWN),
    OURS(MAP_DENYWRITE),
    OURS(MAP_EXECUTABLE),
    OURS(MAP_LOCKED),
    OURS(MAP_NORESERVE),
    OURS(MAP_POPULATE),
    OURS(MAP_NONBLOCK),
    OURS(MAP_STACK),
    OURS(MAP_HUGETLB),
    OURS(MAP_SYNC),
    OURS(MAP_FIXED_NOREPLACE),
    OURS(MREMAP_MAYMOVE),
    OURS(MREMAP_FIXED),
    OURS(MREMAP_DONTUNMAP),
    OURS(MADV_NORMAL),
    OURS(MADV_RANDOM),
    OURS(MADV_SEQUENTIAL),
    OURS(MADV_WILLNEED),
    OURS(MADV_DONTNEED),
    OURS(MADV_FREE),
    OURS(MADV_DONTFORK),
    OURS(MADV_DOFORK),
    OURS(MADV_WIPEONFORK),
    OURS(MADV_KEEPONFORK),
    OURS(MADV_COLD),
    OURS(MADV_REMOVE),
    OURS(MADV_DONTDUMP),
    OURS(MADV_DODUMP),
    OURS(MADV_PAGEOUT),
    OURS(MADV_POPULATE_READ),
    OURS(MADV_POPULATE_WRITE),
    OURS(MADV_DONTNEED_LOCKED),
    OURS(MLOCK_ONFAULT),
    OURS(MCL_CURRENT),
    OURS(MCL_FUTURE),
    OURS(MCL_ONFAULT),
};

} // namespace

#include <asm-generic/mman.h> // what ARM's <asm/mman.h> is
#include <linux/mman.h>

#include <catch2/catch.hpp>

namespace {

#define THEIRS(name) static_cast<unsigned>(name)
constexpr unsigned theirs[] = {
    THEIRS(PROT_NONE),
    THEIRS(PROT_READ),
    THEIRS(PROT_WRITE),
    THEIRS(PROT_EXEC),
    THEIRS(PROT_SEM),
    THEIRS(PROT_GROWSDOWN),
    THEIRS(PROT_GROWSUP),
    THEIRS(MAP_SHARED),
    THEIRS(MAP_PRIVATE),
    THEIRS(MAP_TYPE),
    THEIRS(MAP_FIXED),
    THEIRS(MAP_SHARED_VALIDATE),
    THEIRS(MAP_ANONYMOUS),
    THEIRS(MAP_GROWSDOWN),
    THEIRS(MAP_DENYWRITE),
    THEIRS(MAP_EXECUTABLE),
    THEIRS(MAP_LOCKED),
    THEIRS(MAP_NORESERVE),
    THEIRS(MAP_POPULATE),
    THEIRS(MAP_NONBLOCK),
    THEIRS(MAP_STACK),
    THEIRS(MAP_HUGETLB),
    THEIRS(MAP_SYNC),
    THEIRS(MAP_FIXED_NOREPLACE),
    THEIRS(MREMAP_MAYMOVE),
    THEIRS(MREMAP_FIXED),
    THEIRS(MREMAP_DONTUNMAP),
    THEIRS(MADV_NORMAL),
    THEIRS(MADV_RANDOM),
    THEIRS(MADV_SEQUENTIAL),
    THEIRS(MADV_WILLNEED),
    THEIRS(MADV_DONTNEED),
    THEIRS(MADV_FREE),
    THEIRS(MADV_DONTFORK),
    THEIRS(MADV_DOFORK),
    THEIRS(MADV_WIPEONFORK),
    THEIRS(MADV_KEEPONFORK),
    THEIRS(MADV_COLD),
    THEIRS(MADV_REMOVE),
    THEIRS(MADV_DONTDUMP),
    THEIRS(MADV_DODUMP),
    THEIRS(MADV_PAGEOUT),
    THEIRS(MADV_POPULATE_READ),
    THEIRS(MADV_POPULATE_WRITE),
    THEIRS(MADV_DONTNEED_LOCKED),
    THEIRS(MLOCK_ONFAULT),
    THEIRS(MCL_CURRENT),
    THEIRS(MCL_FUTURE),
    THEIRS(MCL_ONFAULT),
};
static_assert(std::size(ours) == std::size(theirs));

TEST_CASE("mman: our numbers are Linux's") {
    for (std::size_t i = 0; i < std::size(ours); ++i) {
        INFO(ours[i].name);
        CHECK(ours[i].ours == theirs[i]);
    }
}

} // namespace
