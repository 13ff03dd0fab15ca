// A page is looked up with no lock held: it may be unmapped and freed meanwhile.
// error: invalid initialization of reference of type 'const .*MmapReadGuard&' from expression of type '.*MmStruct'
#include "mm/gup.hpp"

namespace faultline {

PageRef page_at(MmStruct& mm, UserAddr address) {
#ifdef CORRECT
    return follow_page(MmapReadGuard(mm), address, FOLL_WRITE);
#else
    return follow_page(mm, address, FOLL_WRITE);
#endif
}

} // namespace faultline
