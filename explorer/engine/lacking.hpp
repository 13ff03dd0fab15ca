// What emscripten's standard library lacks of C++23, and a macro of its C library that is a name of ours. Each source of the
// module is compiled with this file before it (-include).
#pragma once

#include <algorithm>
#include <limits.h>
#include <memory>
#include <string_view>
#include <type_traits>

#undef PAGE_SIZE

namespace std {

template <class T>
class atomic_ref {
  public:
    explicit atomic_ref(T& object) : object_(&object) {}
    T load(memory_order = memory_order_seq_cst) const {
        T value;
        __atomic_load(object_, &value, __ATOMIC_SEQ_CST);
        return value;
    }
    void store(T value, memory_order = memory_order_seq_cst) const {
        __atomic_store(object_, &value, __ATOMIC_SEQ_CST);
    }
    T exchange(T value, memory_order = memory_order_seq_cst) const {
        T before;
        __atomic_exchange(object_, &value, &before, __ATOMIC_SEQ_CST);
        return before;
    }
    bool compare_exchange_strong(T& expected, T desired, memory_order = memory_order_seq_cst) const {
        return __atomic_compare_exchange(object_, &expected, &desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
    T fetch_or(T value, memory_order = memory_order_seq_cst) const {
        return __atomic_fetch_or(object_, value, __ATOMIC_SEQ_CST);
    }
    T fetch_and(T value, memory_order = memory_order_seq_cst) const {
        return __atomic_fetch_and(object_, value, __ATOMIC_SEQ_CST);
    }
    T fetch_add(T value, memory_order = memory_order_seq_cst) const {
        return __atomic_fetch_add(object_, value, __ATOMIC_SEQ_CST);
    }

  private:
    T* object_;
};

template <class Array>
    requires is_unbounded_array_v<Array>
unique_ptr<Array> make_unique_for_overwrite(size_t count) {
    return unique_ptr<Array>(new remove_extent_t<Array>[count]);
}

} // namespace std
