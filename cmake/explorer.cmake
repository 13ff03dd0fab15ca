# The engine of the explorer as WebAssembly (preset `wasm`): one module for each back end, in build/explorer/.
include(cmake/foreign_headers.cmake)
include(cmake/back_ends.cmake)

room(sources base/*.cpp mm/*.cpp kernel/sched/*.cpp kernel/futex/*.cpp kernel/debug/describe_pte.cpp
     kernel/debug/tlb_check.cpp kernel/debug/trace_text.cpp arch/model/*.cpp)
set(mmu_sources ${PROJECT_SOURCE_DIR}/arch/model/machine.cpp)
set(no_fibers ${PROJECT_SOURCE_DIR}/arch/model/fiber.cpp) # explorer/engine/ has another
list(REMOVE_ITEM sources ${mmu_sources} ${no_fibers})
room(engine_sources interleave/*.cpp explorer/engine/*.cpp)

add_library(wasm_flags INTERFACE)
target_compile_definitions(wasm_flags INTERFACE FAULTLINE_DEBUG)
target_compile_options(wasm_flags INTERFACE -O2 -fexceptions -w SHELL:-include\ ${PROJECT_SOURCE_DIR}/explorer/engine/lacking.hpp)
target_include_directories(wasm_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/arch/model)
target_include_directories(wasm_flags SYSTEM INTERFACE ${UAPI_INCLUDE} ${BOOST_INCLUDE})

# A library, so that interleave/kernel.cpp is found before what stands there.
add_library(wasm_kernel STATIC ${sources})
target_link_libraries(wasm_kernel PUBLIC wasm_flags)
add_library(wasm_engine OBJECT ${engine_sources})
target_link_libraries(wasm_engine PUBLIC wasm_flags)

set(walked_function FaultlineWalked)
set(softtlb_function FaultlineSofttlb)
foreach(mmu ${back_ends})
    back_end_library(wasm_${mmu} ${mmu} wasm_flags ${mmu_sources})
    add_executable(${mmu})
    target_link_libraries(${mmu} PRIVATE wasm_engine wasm_${mmu} wasm_kernel)
    target_link_options(${mmu} PRIVATE -O2 -fexceptions -sASYNCIFY -sMODULARIZE=1 -sEXPORT_NAME=${${mmu}_function}
        -sENVIRONMENT=web,worker,node -sALLOW_MEMORY_GROWTH=1 -sINITIAL_MEMORY=4MB -sTOTAL_STACK=256KB -sFILESYSTEM=0
        -sEXPORTED_RUNTIME_METHODS=ccall,cwrap,UTF8ToString --no-entry)
    set_target_properties(${mmu} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${FAULTLINE_EXPLORER_OUTPUT})
endforeach()
