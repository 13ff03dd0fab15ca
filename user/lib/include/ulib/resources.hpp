// What of the kernel's is in use: memory, small objects and open files, as /proc tells. A program that compares it before
// and after must have touched its own pages before.
#pragma once

#include <cstddef>

namespace faultline {

// The number behind `before` in a file of /proc; the first number if `before` is empty. Ends the program if there is none.
long number_in(const char* path, const char* before);

// The text of /proc/slabinfo: a line for each kind of small object.
class Slabs {
  public:
    void read();                          // ends the program if it cannot
    long objects(const char* kind) const; // 0: there is no such kind
    long objects() const;                 // of all kinds
    long pages() const;
    // Prints each kind of `after` whose number of objects differs here.
    void tell_differences(const Slabs& after, const char* who) const;

  private:
    char text_[8192];
};

// Which slabs the small objects lie in depends on the order of earlier allocations, so a slab may keep its page though no
// object is missing. Therefore objects are counted, and the pages of slabs count as free. So does this program's own
// memory: it may come to use another page of its stack or data at any time.
struct Resources {
    long free_kib, small_objects, open_files;
    Slabs slabs;
};

// Drops the kernel's caches, and says what is in use. Ends the program if it cannot.
void take_resources(Resources& resources);

} // namespace faultline
