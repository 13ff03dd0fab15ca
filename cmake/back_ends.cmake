# The back ends of arch/contract/mmu.hpp. An image or a test program is linked with one of them. The sources of a back
# end, and the few other files that include <mmu/...>, are compiled once for each back end: <mmu/...> is found in its
# folder.
set(back_ends walked softtlb)

# back_end_library(<name> <back end> <flags> <source that includes mmu/...>...): the object library of one back end.
function(back_end_library name mmu flags)
    room(sources arch/backend/*.cpp arch/${mmu}/*.cpp)
    add_library(${name} OBJECT ${sources} ${ARGN})
    target_link_libraries(${name} PUBLIC ${flags})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/arch/${mmu})
endfunction()
