// Descriptors in words, for reports.
#include <cstddef>
#include <span>

#include "arch/armv7/short_descriptor.hpp"
#include "arch/contract/tlb.hpp"

namespace faultline {

namespace {

// Text cut to a buffer that always ends with NUL.
class Words {
  public:
    explicit Words(std::span<char> buffer) : rest_(buffer) {
        if (!rest_.empty())
            rest_[0] = '\0';
    }
    void add(const char* text) {
        while (*text != '\0' && rest_.size() > 1) {
            rest_[0] = *text++;
            rest_[1] = '\0';
            rest_ = rest_.subspan(1);
        }
    }
    void add_if(bool condition, const char* text) {
        if (condition)
            add(text);
    }
    void add_hex(u32 value) {
        char text[] = "0x00000000";
        for (u32 digit = 0; digit < 8; ++digit)
            text[9 - digit] = "0123456789abcdef"[(value >> (4 * digit)) & 0xf];
        add(text);
    }

  private:
    std::span<char> rest_;
};

void describe_small_page(Words& words, u32 descriptor, bool pxn) {
    const armv7::SmallPageDescriptor page = armv7::decode_small_page(descriptor);
    words.add("small page at ");
    words.add_hex(page.base.value());
    words.add(", ");
    words.add(armv7::access_permission_name(page.access));
    words.add_if(page.xn, ", XN");
    words.add_if(pxn, ", PXN");
    words.add_if(page.not_global, ", nG");
    words.add_if(page.shareable, ", shareable");
}

} // namespace

// Only the kinds the back ends make; anything else is named as what it should not be.
void describe_descriptor(HardwareDescriptor descriptor, char* buffer, std::size_t size) {
    Words words(std::span(buffer, size));
    if (tlb_config.entries != 0) { // filled by software
        if (descriptor.second_level == armv7::INVALID_DESCRIPTOR)
            words.add("not in this CPU's TLB: the next access asks the entry");
        else
            describe_small_page(words, descriptor.second_level, true);
        return;
    }
    if (armv7::first_level_kind(descriptor.first_level) == armv7::FirstLevelKind::Fault) {
        words.add("no second-level table: every access faults");
        return;
    }
    if (armv7::first_level_kind(descriptor.first_level) != armv7::FirstLevelKind::PageTable) {
        words.add("unexpected first-level descriptor ");
        words.add_hex(descriptor.first_level);
        return;
    }
    switch (armv7::second_level_kind(descriptor.second_level)) {
    case armv7::SecondLevelKind::Fault:
        words.add("invalid: every access faults");
        break;
    case armv7::SecondLevelKind::LargePage:
        words.add("unexpected large page ");
        words.add_hex(descriptor.second_level);
        break;
    case armv7::SecondLevelKind::SmallPage:
        describe_small_page(words, descriptor.second_level,
                            armv7::decode_page_table(descriptor.first_level).pxn);
        break;
    }
}

} // namespace faultline
