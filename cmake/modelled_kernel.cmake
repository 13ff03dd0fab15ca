# The portable rooms over the modelled machine, as host tests and the explorer compile them: `modelled_sources`, and, once for each
# back end, `mmu_sources`. tools/layers.py has the same list as HOST_SOURCES.
include(cmake/back_ends.cmake)
room(modelled_sources base/*.cpp mm/*.cpp kernel/sched/*.cpp kernel/futex/*.cpp kernel/debug/describe_pte.cpp
     kernel/debug/tlb_check.cpp kernel/debug/trace_text.cpp arch/model/*.cpp)
set(mmu_sources ${PROJECT_SOURCE_DIR}/arch/model/machine.cpp)
list(REMOVE_ITEM modelled_sources ${mmu_sources})
