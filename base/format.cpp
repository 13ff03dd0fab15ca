// vsnprintf, from the inside out: one byte, one number, one conversion, the format string.
#include "base/format.hpp"

#include <cstdint>
#include <cstring>

namespace faultline {

namespace {

// Counts every byte, and stores those that fit.
class Sink {
  public:
    Sink(char* buffer, std::size_t size) : buffer_(buffer), size_(size) {}

    void put(char byte) {
        if (length_ + 1 < size_)
            buffer_[length_] = byte;
        ++length_;
    }
    void put(char byte, int times) {
        for (; times > 0; --times)
            put(byte);
    }
    void put(const char* text, std::size_t length) {
        for (std::size_t i = 0; i < length; ++i)
            put(text[i]);
    }
    std::size_t finish() {
        if (size_ > 0)
            buffer_[length_ < size_ ? length_ : size_ - 1] = '\0';
        return length_;
    }

  private:
    char* buffer_;
    std::size_t size_;
    std::size_t length_ = 0;
};

enum class Length { Char, Short, Int, Long, LongLong, Size };

struct Conversion {
    bool left = false, zero = false, plus = false, space = false, alternate = false;
    int width = 0;
    int precision = -1; // -1: none given
    Length length = Length::Int;
    char letter = 0;
};

bool take_flag(Conversion& c, char flag) {
    switch (flag) {
    case '-':
        return c.left = true;
    case '0':
        return c.zero = true;
    case '+':
        return c.plus = true;
    case ' ':
        return c.space = true;
    case '#':
        return c.alternate = true;
    default:
        return false;
    }
}

int take_number(const char*& p) {
    int number = 0;
    for (; *p >= '0' && *p <= '9'; ++p)
        number = number * 10 + (*p - '0');
    return number;
}

Length take_length(const char*& p) {
    switch (*p) {
    case 'h':
        ++p;
        if (*p != 'h')
            return Length::Short;
        ++p;
        return Length::Char;
    case 'l':
        ++p;
        if (*p != 'l')
            return Length::Long;
        ++p;
        return Length::LongLong;
    case 'j':
        ++p;
        return Length::LongLong;
    case 'z':
    case 't':
        ++p;
        return Length::Size;
    default:
        return Length::Int;
    }
}

void put_padded(Sink& sink, const Conversion& c, const char* text, std::size_t length) {
    const int padding = c.width - static_cast<int>(length);
    if (!c.left)
        sink.put(' ', padding);
    sink.put(text, length);
    if (c.left)
        sink.put(' ', padding);
}

// Writes the digits of `value` so that they end at `end`, and returns the first. Uses 32-bit divisions where they
// suffice: a 64-bit division is a library call.
char* digits(char* end, std::uint64_t value, unsigned base, const char* alphabet) {
    while (value > UINT32_MAX) {
        *--end = alphabet[value % base];
        value /= base;
    }
    auto small = static_cast<std::uint32_t>(value);
    do {
        *--end = alphabet[small % base];
        small /= base;
    } while (small != 0);
    return end;
}

// A sign or 0x, zeros, digits: C11 7.21.6.1.
void put_number(Sink& sink, const Conversion& c, std::uint64_t value, unsigned base, const char* prefix) {
    char buffer[24]; // 2^64 in octal has 22 digits
    char* const end = buffer + sizeof(buffer);
    const bool nothing = c.precision == 0 && value == 0;
    const char* first =
        nothing ? end : digits(end, value, base, c.letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef");
    const int count = static_cast<int>(end - first);
    const int prefix_length = static_cast<int>(strlen(prefix));
    int zeros = c.precision > count ? c.precision - count : 0;
    if (c.zero && !c.left && c.precision < 0 && c.width > count + prefix_length)
        zeros = c.width - count - prefix_length;
    const int padding = c.width - prefix_length - zeros - count;
    if (!c.left)
        sink.put(' ', padding);
    sink.put(prefix, static_cast<std::size_t>(prefix_length));
    sink.put('0', zeros);
    sink.put(first, static_cast<std::size_t>(count));
    if (c.left)
        sink.put(' ', padding);
}

// va_list is an array on some machines. In a structure it can be passed by reference on all of them.
struct Arguments {
    va_list list;
};

std::uint64_t take_unsigned(Length length, Arguments& arguments) {
    switch (length) {
    case Length::Char:
        return static_cast<unsigned char>(va_arg(arguments.list, unsigned));
    case Length::Short:
        return static_cast<unsigned short>(va_arg(arguments.list, unsigned));
    case Length::Int:
        return va_arg(arguments.list, unsigned);
    case Length::Long:
        return va_arg(arguments.list, unsigned long);
    case Length::Size:
        return va_arg(arguments.list, std::size_t);
    case Length::LongLong:
        break;
    }
    return va_arg(arguments.list, unsigned long long);
}

std::int64_t take_signed(Length length, Arguments& arguments) {
    switch (length) {
    case Length::Char:
        return static_cast<signed char>(va_arg(arguments.list, int));
    case Length::Short:
        return static_cast<short>(va_arg(arguments.list, int));
    case Length::Int:
        return va_arg(arguments.list, int);
    case Length::Long:
        return va_arg(arguments.list, long);
    case Length::Size:
        return va_arg(arguments.list, std::ptrdiff_t);
    case Length::LongLong:
        break;
    }
    return va_arg(arguments.list, long long);
}

void put_signed(Sink& sink, const Conversion& c, std::int64_t value) {
    const char* sign = c.plus ? "+" : c.space ? " " : "";
    const auto bits = static_cast<std::uint64_t>(value);
    put_number(sink, c, value < 0 ? 0 - bits : bits, 10, value < 0 ? "-" : sign);
}

void convert(Sink& sink, const Conversion& c, Arguments& arguments) {
    switch (c.letter) {
    case 'd':
    case 'i':
        return put_signed(sink, c, take_signed(c.length, arguments));
    case 'u':
        return put_number(sink, c, take_unsigned(c.length, arguments), 10, "");
    case 'o':
        return put_number(sink, c, take_unsigned(c.length, arguments), 8, "");
    case 'x':
    case 'X': {
        const std::uint64_t value = take_unsigned(c.length, arguments);
        const char* prefix = c.letter == 'x' ? "0x" : "0X";
        return put_number(sink, c, value, 16, c.alternate && value != 0 ? prefix : "");
    }
    case 'p':
        return put_number(sink, c, reinterpret_cast<std::uintptr_t>(va_arg(arguments.list, void*)), 16, "0x");
    case 'c': {
        const char byte = static_cast<char>(va_arg(arguments.list, int));
        return put_padded(sink, c, &byte, 1);
    }
    case 's': {
        const char* text = va_arg(arguments.list, const char*);
        if (text == nullptr)
            text = "(null)";
        std::size_t length = 0;
        while ((c.precision < 0 || length < static_cast<std::size_t>(c.precision)) && text[length] != '\0')
            ++length;
        return put_padded(sink, c, text, length);
    }
    case '%':
        return sink.put('%');
    default: // the caller's mistake: shown as it stands
        sink.put('%');
        return sink.put(c.letter);
    }
}

} // namespace

std::size_t vsnprintf(char* buffer, std::size_t size, const char* format, va_list list) {
    Sink sink(buffer, size);
    Arguments arguments;
    va_copy(arguments.list, list);
    for (const char* p = format; *p != '\0';) {
        if (*p != '%') {
            sink.put(*p++);
            continue;
        }
        Conversion c;
        while (take_flag(c, *++p)) {
        }
        if (*p == '*') {
            ++p;
            c.width = va_arg(arguments.list, int);
            if (c.width < 0) {
                c.left = true;
                c.width = -c.width;
            }
        } else {
            c.width = take_number(p);
        }
        if (*p == '.') {
            ++p;
            const bool from_argument = *p == '*';
            c.precision = from_argument ? va_arg(arguments.list, int) : take_number(p);
            p += from_argument ? 1 : 0;
        }
        c.length = take_length(p);
        c.letter = *p;
        if (c.letter == '\0')
            break;
        ++p;
        convert(sink, c, arguments);
    }
    va_end(arguments.list);
    return sink.finish();
}

std::size_t snprintf(char* buffer, std::size_t size, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const std::size_t length = faultline::vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}

std::size_t vscnprintf(char* buffer, std::size_t size, const char* format, va_list arguments) {
    const std::size_t length = faultline::vsnprintf(buffer, size, format, arguments);
    return length < size ? length : size > 0 ? size - 1 : 0;
}

std::size_t scnprintf(char* buffer, std::size_t size, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const std::size_t length = faultline::vscnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}

} // namespace faultline
