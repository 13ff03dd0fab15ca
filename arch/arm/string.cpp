// The other functions of <cstring>, which freestanding C++ lacks. They are called too rarely to be worth assembly.
#include <cstddef>

// GCC replaces a loop that looks like strlen by a call of strlen. In strlen itself that would be an endless recursion.
#define NO_IDIOMS [[gnu::optimize("no-tree-loop-distribute-patterns")]]

extern "C" {

NO_IDIOMS int memcmp(const void* left, const void* right, std::size_t bytes) {
    const auto* l = static_cast<const unsigned char*>(left);
    const auto* r = static_cast<const unsigned char*>(right);
    for (; bytes > 0; --bytes, ++l, ++r) {
        if (*l != *r)
            return *l - *r;
    }
    return 0;
}

NO_IDIOMS void* memchr(const void* memory, int byte, std::size_t bytes) {
    const auto* p = static_cast<const unsigned char*>(memory);
    for (; bytes > 0; --bytes, ++p) {
        if (*p == static_cast<unsigned char>(byte))
            return const_cast<unsigned char*>(p);
    }
    return nullptr;
}

NO_IDIOMS std::size_t strlen(const char* string) {
    std::size_t length = 0;
    while (string[length] != '\0')
        ++length;
    return length;
}

NO_IDIOMS int strncmp(const char* left, const char* right, std::size_t limit) {
    for (; limit > 0; --limit, ++left, ++right) {
        if (*left != *right || *left == '\0')
            return static_cast<unsigned char>(*left) - static_cast<unsigned char>(*right);
    }
    return 0;
}

NO_IDIOMS int strcmp(const char* left, const char* right) { return strncmp(left, right, static_cast<std::size_t>(-1)); }

NO_IDIOMS char* strchr(const char* string, int character) {
    for (;; ++string) {
        if (*string == static_cast<char>(character))
            return const_cast<char*>(string);
        if (*string == '\0')
            return nullptr;
    }
}

NO_IDIOMS char* strrchr(const char* string, int character) {
    const char* found = nullptr;
    for (;; ++string) {
        if (*string == static_cast<char>(character))
            found = string;
        if (*string == '\0')
            return const_cast<char*>(found);
    }
}

NO_IDIOMS char* strstr(const char* string, const char* part) {
    const std::size_t length = strlen(part);
    for (; strncmp(string, part, length) != 0; ++string) {
        if (*string == '\0')
            return nullptr;
    }
    return const_cast<char*>(string);
}

NO_IDIOMS char* strcpy(char* to, const char* from) {
    char* end = to;
    while ((*end++ = *from++) != '\0') {
    }
    return to;
}

} // extern "C"
