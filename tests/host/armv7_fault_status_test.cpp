// DFSR and IFSR decoding against values written by hand from the manual.
#include <catch2/catch.hpp>

#include "arch/armv7/fault_status.hpp"
#include "arch/armv7/registers.hpp"
#include "tests/golden/fault_status.hpp"

using namespace faultline;
using namespace faultline::armv7;

TEST_CASE("armv7: fault status registers are decoded") {
    for (const golden::DataFaultStatus& vector : golden::DATA_FAULTS) {
        CAPTURE(vector.dfsr);
        const FaultStatus status = decode_dfsr(vector.dfsr);
        CHECK(fault_kind_name(status.kind) == vector.kind);
        CHECK(status.level == vector.level);
        CHECK(status.write == vector.write);
        CHECK(status.domain == vector.domain);
        CHECK(status.code == vector.fault_status);

        const FaultStatus fetch = decode_ifsr(vector.dfsr);
        CHECK(fault_kind_name(fetch.kind) == vector.kind);
        CHECK(fetch.level == vector.level);
        CHECK_FALSE(fetch.write); // IFSR has no WnR
    }
}

TEST_CASE("armv7: an abort becomes a FaultInfo") {
    const FaultInfo data = data_abort(0x80f, 0x1234, true);
    CHECK(data.address == 0x1234);
    CHECK(data.kind() == FaultKind::Permission);
    CHECK(data.write());
    CHECK_FALSE(data.execute());
    CHECK(data.user_mode());
    CHECK(data.status() == 0x80f);

    const FaultInfo fetch = prefetch_abort(0x007, 0x5000, false);
    CHECK(fetch.address == 0x5000);
    CHECK(fetch.kind() == FaultKind::Translation);
    CHECK(fetch.execute());
    CHECK_FALSE(fetch.write());
    CHECK_FALSE(fetch.user_mode());
}

TEST_CASE("armv7: PAR after a failed and after a good translation operation") {
    CHECK((0x1fu & PAR_F) != 0); // as the Cortex-A15 reports a second-level permission fault
    CHECK(decode_fault_code(par_fault_code(0x1f)).kind == FaultKind::Permission);
    CHECK(decode_fault_code(par_fault_code(0x0f)).kind == FaultKind::Translation);
    CHECK((0x4040'1200u & PAR_F) == 0);
    CHECK(par_page(0x4040'1200) == PhysAddr(0x4040'1000));
}
