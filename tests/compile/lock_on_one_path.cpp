// A lock is given up on one path only.
// clang error: spin lock 'mapping.lock' is not held on every path through here
#include "mm/filemap.hpp"

namespace faultline {

void count_page(AddressSpace& mapping, bool done) {
    mapping.lock.lock();
    mapping.nr_pages = mapping.nr_pages + 1;
#ifdef CORRECT
    static_cast<void>(done);
    mapping.lock.unlock();
#else
    if (done)
        mapping.lock.unlock();
#endif
}

} // namespace faultline
