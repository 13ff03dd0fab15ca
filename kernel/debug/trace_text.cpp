// A record as a line of text: what its station says of its words (stations.def).
#include <algorithm>
#include <array>
#include <string_view>

#include "arch/contract/mmu.hpp"
#include "base/format.hpp"
#include "kernel/debug/describe_pte.hpp"
#include "kernel/debug/trace.hpp"
#include "kernel/debug/trace_stations.hpp"

namespace faultline {

namespace {

// A line that grows, and is cut at the end of its buffer.
class Line {
  public:
    Line(char* buffer, u32 size) : buffer_(buffer), size_(size) {}

    template <class First, class... Others>
    void add(const char* format, First first, Others... others) {
        length_ += static_cast<u32>(scnprintf(buffer_ + length_, size_ - length_, format, first, others...));
    }
    void add(std::string_view text) { add("%.*s", static_cast<int>(text.size()), text.data()); }
    u32 length() const { return length_; }

  private:
    char* buffer_;
    u32 size_, length_ = 0;
};

// The word for `value` in a list "one|two|three".
std::string_view word_of(std::string_view list, u32 value) {
    for (; value != 0 && list.find('|') != list.npos; --value)
        list.remove_prefix(list.find('|') + 1);
    return value == 0 ? cut_word(list, '|') : "?";
}

// A first-level descriptor that names a table, so that the second one counts (ARM ARM B3.5.1).
constexpr u32 A_TABLE = 1;

void add_word(Line& line, std::string_view type, u32 value) {
    std::array<char, 128> text{};
    if (type.find('|') != type.npos) {
        line.add(word_of(type, value));
    } else if (type == "pte") {
        describe_pte(Pte::from_bits(value), text.data(), text.size());
        line.add("[%s]", text.data());
    } else if (type == "desc") {
        describe_descriptor({A_TABLE, value}, text.data(), text.size());
        line.add("[%s]", text.data());
    } else if (type == "x") {
        line.add("0x%08x", value);
    } else if (type == "d" || (type == "errno" && static_cast<s32>(value) < 0 && static_cast<s32>(value) > -4096)) {
        line.add("%d", static_cast<s32>(value));
    } else if (type == "cpus" || type == "errno") {
        line.add("0x%x", value);
    } else {
        line.add("%u", value);
    }
}

} // namespace

const char* station_name(Station station) { return STATIONS[static_cast<u32>(station)].name; }

u32 format_trace_record(const TraceRecord& record, char* buffer, u32 size) {
    Line line(buffer, size);
    const u64 us = record.ns / 1000;
    line.add("%7d [%03u] %5u.%06u: %s:", record.pid, u32{record.cpu}, static_cast<u32>(us / 1'000'000),
             static_cast<u32>(us % 1'000'000), station_name(record.station));
    std::string_view fields = STATIONS[static_cast<u32>(record.station)].fields;
    if (fields == "comm:comm") {
        line.add(" comm=%.*s", static_cast<int>(sizeof record.words), reinterpret_cast<const char*>(record.words));
        return line.length();
    }
    for (const u32 word : record.words) {
        std::string_view type = cut_word(fields, ' ');
        if (type.empty())
            break;
        line.add(" ");
        line.add(cut_word(type, ':'));
        line.add("=");
        add_word(line, type, word);
    }
    return line.length();
}

} // namespace faultline
