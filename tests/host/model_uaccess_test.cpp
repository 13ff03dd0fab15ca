// User access on the modelled machine: the user's permissions apply, faults go to a handler that may repair them, and
// what cannot be repaired is FAULT.
#include <catch2/catch.hpp>

#include <cstring>

#include "arch/contract/uaccess.hpp"
#include "tests/host/back_end_fixture.hpp"

using namespace faultline;
using namespace faultline::model;

namespace {

constexpr u32 ADDRESS = 0x0060'3000;

struct UserMemory {
    TestMachine machine;
    TestSpace space;
    std::vector<FaultInfo> faults;

    UserMemory() { switch_mm(&space.context); }

    // From now on the handler repairs a fault on a page below `end` by mapping a new page.
    void repair_below(u32 end) {
        machine.on_fault = [this, end](FaultInfo fault) {
            faults.push_back(fault);
            if (fault.address >= end)
                return false;
            const UserAddr page = UserAddr(fault.address).page();
            const Pte old = space.truth(page.value());
            space.set(page.value(), Pte(pte_present(old) ? old.pfn() : new_frame(), USER_RW));
            flush_tlb_page(space.context, page);
            return true;
        };
    }
};

} // namespace

TEST_CASE("uaccess: values") {
    UserMemory user;
    user.repair_below(TASK_SIZE);
    CHECK(put_user_u32(UserAddr(ADDRESS), 0x0102'0304).ok());
    CHECK(get_user_u32(UserAddr(ADDRESS)).value() == 0x0102'0304);
    CHECK(get_user_u8(UserAddr(ADDRESS + 3)).value() == 1);
    CHECK(put_user_u8(UserAddr(ADDRESS), 9).ok());
    CHECK(user.machine.load(ADDRESS, 4, Mode::User).value == 0x0102'0309);
    REQUIRE(user.faults.size() == 1);
    CHECK(user.faults[0].write());
    CHECK_FALSE(user.faults[0].user_mode());
}

TEST_CASE("uaccess: a fault that is not repaired is FAULT") {
    UserMemory user;
    CHECK(get_user_u32(UserAddr(ADDRESS)).error() == Errno::FAULT);
    CHECK(put_user_u8(UserAddr(ADDRESS), 1).error() == Errno::FAULT);
    CHECK(futex_atomic_cmpxchg_inatomic(UserAddr(ADDRESS), 0, 1).error() == Errno::FAULT);
    CHECK(futex_atomic_op_inuser(FutexAtomicOp::Set, 1, UserAddr(ADDRESS)).error() == Errno::FAULT);
    user.space.set(ADDRESS, Pte(new_frame(), USER_RO));
    CHECK(get_user_u32(UserAddr(ADDRESS)).value() == 0);
    CHECK(put_user_u32(UserAddr(ADDRESS), 1).error() == Errno::FAULT);
    CHECK(get_user_u32(UserAddr(ADDRESS)).value() == 0);
}

TEST_CASE("uaccess: addresses beyond a task's are refused without an access") {
    UserMemory user;
    user.repair_below(~0u);
    for (const u32 address : {TASK_SIZE, TASK_SIZE - 3, 0x8000'0000u, 0xffff'0fe0u, 0xffff'fffcu}) {
        CHECK(get_user_u32(UserAddr(address)).error() == Errno::FAULT);
        CHECK(put_user_u32(UserAddr(address), 1).error() == Errno::FAULT);
        CHECK(futex_atomic_cmpxchg_inatomic(UserAddr(address), 0, 1).error() == Errno::FAULT);
    }
    char buffer[8];
    CHECK(copy_from_user(buffer, UserAddr(TASK_SIZE - 4), 8) == 8);
    CHECK(copy_from_user(buffer, UserAddr(0xffff'fff8), 8) == 8);
    CHECK(user.faults.empty());
}

TEST_CASE("uaccess: a copy stops at the first byte that cannot be reached") {
    UserMemory user;
    const u32 end = ADDRESS + 2 * PAGE_SIZE;
    user.repair_below(end);
    std::vector<u8> out(3 * PAGE_SIZE, 0x5a);
    CHECK(copy_to_user(UserAddr(ADDRESS + 100), out.data(), 3 * PAGE_SIZE) == PAGE_SIZE + 100);
    std::vector<u8> in(3 * PAGE_SIZE, 0);
    CHECK(copy_from_user(in.data(), UserAddr(ADDRESS), 3 * PAGE_SIZE) == PAGE_SIZE);
    CHECK(in[99] == 0);
    CHECK(in[100] == 0x5a);
    CHECK(in[2 * PAGE_SIZE - 1] == 0x5a);
    CHECK(in[2 * PAGE_SIZE] == 0);
    CHECK(clear_user(UserAddr(ADDRESS + 200), 50) == 0);
    CHECK(get_user_u8(UserAddr(ADDRESS + 249)).value() == 0);
    CHECK(get_user_u8(UserAddr(ADDRESS + 250)).value() == 0x5a);
    CHECK(copy_to_user(UserAddr(end), out.data(), 0) == 0);
}

TEST_CASE("uaccess: strings") {
    UserMemory user;
    user.repair_below(ADDRESS + PAGE_SIZE);
    char text[16];
    CHECK(copy_to_user(UserAddr(ADDRESS + PAGE_SIZE - 6), "hello", 6) == 0);
    CHECK(strncpy_from_user(text, UserAddr(ADDRESS + PAGE_SIZE - 6), sizeof text).value() == 5);
    CHECK(std::strcmp(text, "hello") == 0);
    CHECK(strncpy_from_user(text, UserAddr(ADDRESS + PAGE_SIZE - 6), 3).value() == 3);
    CHECK(put_user_u8(UserAddr(ADDRESS + PAGE_SIZE - 1), '!').ok());
    CHECK(strncpy_from_user(text, UserAddr(ADDRESS + PAGE_SIZE - 6), sizeof text).error() == Errno::FAULT);
}

TEST_CASE("uaccess: futex operations") {
    UserMemory user;
    user.space.set(ADDRESS, Pte(new_frame(), USER_RW));
    const UserAddr word(ADDRESS);
    REQUIRE(put_user_u32(word, 5).ok());
    CHECK(futex_atomic_cmpxchg_inatomic(word, 4, 9).value() == 5);
    CHECK(get_user_u32(word).value() == 5);
    CHECK(futex_atomic_cmpxchg_inatomic(word, 5, 9).value() == 5);
    CHECK(get_user_u32(word).value() == 9);

    const auto after = [&](FutexAtomicOp op, u32 argument) {
        REQUIRE(put_user_u32(word, 0b1100).ok());
        CHECK(futex_atomic_op_inuser(op, argument, word).value() == 0b1100);
        return get_user_u32(word).value();
    };
    CHECK(after(FutexAtomicOp::Set, 7) == 7);
    CHECK(after(FutexAtomicOp::Add, ~0u) == 0b1011);
    CHECK(after(FutexAtomicOp::Or, 0b0110) == 0b1110);
    CHECK(after(FutexAtomicOp::Andn, 0b0110) == 0b1000);
    CHECK(after(FutexAtomicOp::Xor, 0b0110) == 0b1010);
    CHECK(futex_atomic_op_inuser(FutexAtomicOp{5}, 0, word).error() == Errno::NOSYS);
    CHECK(futex_atomic_cmpxchg_inatomic(word + 2, 0, 0).error() == Errno::FAULT);
}

TEST_CASE("uaccess: a compare-and-swap on a clean page reads it, and faults only on the store") {
    UserMemory user;
    user.space.set(ADDRESS, Pte(new_frame(), USER_RW & ~Pte::DIRTY));
    user.machine.on_fault = [&](FaultInfo fault) {
        user.faults.push_back(fault);
        return false;
    };
    CHECK(futex_atomic_cmpxchg_inatomic(UserAddr(ADDRESS), 1, 2).value() == 0); // differs: no store, no fault
    CHECK(user.faults.empty());
    CHECK(futex_atomic_cmpxchg_inatomic(UserAddr(ADDRESS), 0, 2).error() == Errno::FAULT);
    REQUIRE(user.faults.size() == 1);
    CHECK(user.faults[0].kind() == FaultKind::Permission);
    CHECK(user.faults[0].write());
    CHECK(user.machine.load(ADDRESS, 4, Mode::User).value == 0);
}

TEST_CASE("uaccess: a handler that claims a repair and makes none is an error") {
    UserMemory user;
    user.machine.on_fault = [](FaultInfo) { return true; };
    CHECK_THROWS(get_user_u32(UserAddr(ADDRESS)));
}
