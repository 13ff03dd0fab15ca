# The back ends of arch/contract/mmu.hpp; an image or a test program is linked with one of them. Only their own sources and
# the few files that include <mmu/...>, which is found in the back end's folder, are compiled once for each.
set(back_ends walked softtlb)

# back_end_library(<name> <back end> <flags> <source that includes mmu/...>...)
function(back_end_library name mmu flags)
    room(sources arch/backend/*.cpp arch/${mmu}/*.cpp)
    add_library(${name} OBJECT ${sources} ${ARGN})
    target_link_libraries(${name} PUBLIC ${flags})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/arch/${mmu})
endfunction()
