// Descriptors in words (arch/backend/describe.hpp), and the description of what a table walk finds.
#include "arch/backend/describe.hpp"

#include "arch/armv7/short_descriptor.hpp"
#include "arch/contract/mmu.hpp"

namespace faultline {

namespace backend {

void Words::add(const char* text) {
    while (*text != '\0' && rest_.size() > 1) {
        rest_[0] = *text++;
        rest_[1] = '\0';
        rest_ = rest_.subspan(1);
    }
}

void Words::add_if(bool condition, const char* text) {
    if (condition)
        add(text);
}

void Words::add_hex(u32 value) {
    char text[] = "0x00000000";
    for (u32 digit = 0; digit < 8; ++digit)
        text[9 - digit] = "0123456789abcdef"[(value >> (4 * digit)) & 0xf];
    add(text);
}

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

namespace {

void describe_section(Words& words, u32 descriptor) {
    const armv7::SectionDescriptor section = armv7::decode_section(descriptor);
    words.add("section at ");
    words.add_hex(section.base.value());
    words.add(", ");
    words.add(armv7::access_permission_name(section.access));
    words.add_if(section.xn, ", XN");
    words.add_if(section.pxn, ", PXN");
    words.add_if(section.not_global, ", nG");
    words.add_if(section.shareable, ", shareable");
}

void describe_second_level(Words& words, u32 descriptor, bool pxn) {
    switch (armv7::second_level_kind(descriptor)) {
    case armv7::SecondLevelKind::Fault:
        words.add("invalid: every access faults");
        return;
    case armv7::SecondLevelKind::LargePage:
        words.add("unexpected large page ");
        words.add_hex(descriptor);
        return;
    case armv7::SecondLevelKind::SmallPage:
        describe_small_page(words, descriptor, pxn);
        return;
    }
}

} // namespace

} // namespace backend

// This kernel makes only some kinds of descriptors. The others are reported as unexpected.
void describe_walk(HardwareDescriptor descriptor, char* buffer, std::size_t size) {
    backend::Words words(buffer, size);
    const u32 first = descriptor.first_level;
    switch (armv7::first_level_kind(first)) {
    case armv7::FirstLevelKind::Fault:
        words.add("no second-level table: every access faults");
        return;
    case armv7::FirstLevelKind::PageTable:
        backend::describe_second_level(words, descriptor.second_level, armv7::decode_page_table(first).pxn);
        return;
    case armv7::FirstLevelKind::Section:
        backend::describe_section(words, first);
        return;
    case armv7::FirstLevelKind::Supersection:
        words.add("unexpected supersection ");
        words.add_hex(first);
        return;
    }
}

} // namespace faultline
