// Intrusive containers: Boost's, under the names this tree uses. The one file that includes Boost.
// All hooks are `normal_link` in release and carry no destructor checks: kernel objects live in slabs.
#pragma once

#define BOOST_ENABLE_ASSERT_HANDLER // a broken invariant of a container calls the function below

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/rbtree.hpp>
#include <boost/intrusive/set.hpp>

#include "base/assert.hpp"

// What BOOST_ASSERT calls, by Boost.Assert's documentation.
inline void boost::assertion_failed(const char* expression, const char* function, const char* file, long line) {
    ::faultline::panic("BUG at %s:%d, in %s: %s", file, static_cast<int>(line), function, expression);
}

namespace faultline {

namespace intrusive = boost::intrusive;

// A hook for membership in one list; several lists need several hooks.
using ListHook = intrusive::list_member_hook<intrusive::link_mode<intrusive::normal_link>>;
using AutoUnlinkHook = intrusive::list_member_hook<intrusive::link_mode<intrusive::auto_unlink>>;
using TreeHook =
    intrusive::set_member_hook<intrusive::link_mode<intrusive::normal_link>, intrusive::optimize_size<true>>;

// A doubly linked list of T through its member hook. size() is O(n): count elsewhere if you need it.
template <class T, ListHook T::* Hook>
using List = intrusive::list<T, intrusive::member_hook<T, ListHook, Hook>, intrusive::constant_time_size<false>>;

// The same, of elements that can leave without naming their list: `element.hook.unlink()`.
template <class T, AutoUnlinkHook T::* Hook>
using AutoUnlinkList =
    intrusive::list<T, intrusive::member_hook<T, AutoUnlinkHook, Hook>, intrusive::constant_time_size<false>>;

// An ordered tree of T; `Key` is a functor type with `using type` and `operator()(const T&)`.
template <class T, TreeHook T::* Hook, class Key>
using Tree = intrusive::set<T, intrusive::member_hook<T, TreeHook, Hook>, intrusive::key_of_value<Key>,
                            intrusive::constant_time_size<false>>;

} // namespace faultline
