// The reference to a page is taken out of its owner, and nothing gets it: the page is never freed.
// error: ignoring return value of 'faultline::Page\* faultline::PageRef::release\(\)'
#include "mm/page_alloc.hpp"

namespace faultline {

void give_back(PageRef& page) {
#ifdef CORRECT
    page = PageRef();
#else
    page.release();
#endif
}

} // namespace faultline
