// Robust lists: a process dies, or becomes another program, while it holds a lock. On the way out the kernel writes
// FUTEX_OWNER_DIED into the word, whatever the state of the page's entry.
#pragma once

#include <string_view>

#include <ulib/sync.hpp>

namespace faultline {

// What the dying process does to its mapping of the word beforehand.
void touch_nothing(Word*);
void read_word(Word*);
void write_word(Word*);
void write_and_age(Word*);
void make_read_only(Word*);
void make_inaccessible(Word*);

enum class Death { EXIT, KILLED, FAULT, EXEC };
enum class Held { LISTED, PENDING, MISALIGNED };
enum class Mark { OWNER_DIED, KEPT };

struct RobustExit {
    std::string_view name;
    void (*prepare)(Word*);
    Mark word; // afterwards, as the parent sees it
    Death death = Death::EXIT;
    Held held = Held::LISTED;
};

inline constexpr RobustExit robust_exits[] = {
    {"read", read_word, Mark::OWNER_DIED},
    {"untouched", touch_nothing, Mark::OWNER_DIED},
    {"pending", read_word, Mark::OWNER_DIED, Death::EXIT, Held::PENDING},
    {"sigkill", read_word, Mark::OWNER_DIED, Death::KILLED},
    {"sigsegv", read_word, Mark::OWNER_DIED, Death::FAULT},
    {"exec", read_word, Mark::OWNER_DIED, Death::EXEC},
    {"written", write_word, Mark::OWNER_DIED},
    {"aged-dirty", write_and_age, Mark::OWNER_DIED},
    {"read-only", make_read_only, Mark::KEPT},
    {"prot-none", make_inaccessible, Mark::KEPT},
    {"misaligned", read_word, Mark::KEPT, Death::EXIT, Held::MISALIGNED},
};

void run(const RobustExit& variant);

// The word lies in a private page that a living grandchild shares, copy-on-write.
void robust_exit_cow();

} // namespace faultline
