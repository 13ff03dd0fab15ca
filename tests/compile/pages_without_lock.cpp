// The page cache is asked for a page without the file's lock: another CPU may be taking that page out.
// clang error: reading variable 'pages' requires holding spin lock 'mapping.lock'
#include "mm/filemap.hpp"

namespace faultline {

bool is_cached(AddressSpace& mapping, u32 index) {
#ifdef CORRECT
    const Guard lock(mapping.lock);
#endif
    return mapping.pages.find(index) != nullptr;
}

} // namespace faultline
