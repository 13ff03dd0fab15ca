// Intrusive containers: Boost's, under this kernel's names. No other file includes Boost. The hooks have no safety
// checks in their destructors, because kernel objects live in slabs; only AutoUnlinkHook leaves its list by itself.
#pragma once

#define BOOST_ENABLE_ASSERT_HANDLER // a broken invariant of a container calls the function below

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/rbtree.hpp>
#include <boost/intrusive/set.hpp>

#include "base/assert.hpp"

// BOOST_ASSERT calls this, as Boost.Assert documents.
inline void boost::assertion_failed(const char* expression, const char* function, const char* file, long line) {
    ::faultline::panic("BUG at %s:%d, in %s: %s", file, static_cast<int>(line), function, expression);
}

namespace faultline {

namespace intrusive = boost::intrusive;

// A hook makes an object a member of one list; an object that is in several lists needs several hooks.
using ListHook = intrusive::list_member_hook<intrusive::link_mode<intrusive::normal_link>>;
using AutoUnlinkHook = intrusive::list_member_hook<intrusive::link_mode<intrusive::auto_unlink>>;
using TreeHook =
    intrusive::set_member_hook<intrusive::link_mode<intrusive::normal_link>, intrusive::optimize_size<true>>;

// A doubly linked list of T, through its member hook. size() is O(n).
template <class T, ListHook T::* Hook>
using List = intrusive::list<T, intrusive::member_hook<T, ListHook, Hook>, intrusive::constant_time_size<false>>;

// The same, for elements that can leave the list without naming it: `element.hook.unlink()`.
template <class T, AutoUnlinkHook T::* Hook>
using AutoUnlinkList =
    intrusive::list<T, intrusive::member_hook<T, AutoUnlinkHook, Hook>, intrusive::constant_time_size<false>>;

// An ordered tree of T. `Key` is a functor with `using type` and `operator()(const T&)`.
template <class T, TreeHook T::* Hook, class Key>
using Tree = intrusive::set<T, intrusive::member_hook<T, TreeHook, Hook>, intrusive::key_of_value<Key>,
                            intrusive::constant_time_size<false>>;

} // namespace faultline
