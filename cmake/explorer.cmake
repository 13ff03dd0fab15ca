# The engine of the explorer as WebAssembly (preset `wasm`): one module for each back end, in build/explorer/.
include(cmake/foreign_headers.cmake)
include(cmake/modelled_kernel.cmake)
find_program(PYTHON3 python3 REQUIRED)

list(REMOVE_ITEM modelled_sources ${PROJECT_SOURCE_DIR}/arch/model/fiber.cpp) # explorer/engine/ has another
room(engine_sources interleave/*.cpp explorer/engine/*.cpp)

add_library(wasm_flags INTERFACE)
target_compile_definitions(wasm_flags INTERFACE FAULTLINE_DEBUG)
target_compile_options(wasm_flags INTERFACE -O2 -gline-tables-only -fexceptions -w SHELL:-include\ ${PROJECT_SOURCE_DIR}/explorer/engine/lacking.hpp)
target_include_directories(wasm_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/arch/model)
target_include_directories(wasm_flags SYSTEM INTERFACE ${UAPI_INCLUDE} ${BOOST_INCLUDE})

# A step stands where a function of the kernel calls schedule_point(), and the page shows that line and those that called it. So
# that each of them has a frame of its own, the kernel's functions that call others are not put into their callers.
set(kernel_flags "-finline-hint-functions -mllvm -inline-threshold=-25 -mllvm -inlinehint-threshold=-25")
set(keep_functions --always-inline-max-function-size=0 --one-caller-inline-max-function-size=0) # the same for wasm-opt

set(kernel_sources ${modelled_sources})
list(FILTER kernel_sources INCLUDE REGEX "^${PROJECT_SOURCE_DIR}/(mm|kernel)/")
set_property(SOURCE ${kernel_sources} PROPERTY COMPILE_FLAGS ${kernel_flags})

# A library, so that interleave/kernel.cpp is found before what stands there.
add_library(wasm_kernel STATIC ${modelled_sources})
target_link_libraries(wasm_kernel PUBLIC wasm_flags)
target_precompile_headers(wasm_kernel PRIVATE <algorithm> <functional> base/intrusive.hpp)
add_library(wasm_engine OBJECT ${engine_sources})
target_link_libraries(wasm_engine PUBLIC wasm_flags)
target_precompile_headers(wasm_engine PRIVATE interleave/world.hpp)

# engine_module(<target> <back end>): links NAME.js and NAME.wasm into the output. Beside them goes a map from places in the
# WebAssembly to lines of source, which is not needed to run.
set(walked_function FaultlineWalked)
set(softtlb_function FaultlineSofttlb)
function(engine_module target mmu)
    list(JOIN keep_functions "," passes)
    target_link_options(${target} PRIVATE -O2 -gsource-map -sBINARYEN_EXTRA_PASSES=${passes} -fexceptions -sASYNCIFY -sMODULARIZE=1 -sEXPORT_NAME=${${mmu}_function}
        -sENVIRONMENT=web,worker,node -sALLOW_MEMORY_GROWTH=1 -sINITIAL_MEMORY=4MB -sTOTAL_STACK=256KB -sFILESYSTEM=0
        -sNODEJS_CATCH_EXIT=0 -sNODEJS_CATCH_REJECTION=0
        -sEXPORTED_RUNTIME_METHODS=ccall,cwrap,UTF8ToString --no-entry)
    set_target_properties(${target} PROPERTIES SUFFIX .js RUNTIME_OUTPUT_DIRECTORY ${FAULTLINE_EXPLORER_OUTPUT})
    add_custom_command(TARGET ${target} POST_BUILD COMMAND ${PYTHON3} ${PROJECT_SOURCE_DIR}/explorer/engine/drop_names.py
                       ${FAULTLINE_EXPLORER_OUTPUT}/${target}.wasm)
endfunction()

foreach(mmu ${back_ends})
    back_end_library(wasm_${mmu} ${mmu} wasm_flags ${mmu_sources})
    target_compile_options(wasm_${mmu} PRIVATE "SHELL:${kernel_flags}")
    add_executable(${mmu})
    target_link_libraries(${mmu} PRIVATE wasm_engine wasm_${mmu} wasm_kernel)
    engine_module(${mmu} ${mmu})
endforeach()

# What the explorer offers to break: rows of the table of tests/interleave/mutations.py, each applied to a copy of its file and
# linked to a module of its own. Target `sabotages`.
set(offered ${PROJECT_BINARY_DIR}/sabotages)
execute_process(COMMAND ${PYTHON3} ${PROJECT_SOURCE_DIR}/tests/interleave/mutations.py --offered ${offered}
                COMMAND_ERROR_IS_FATAL ANY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/interleave/mutations.py)
file(READ ${offered}/sabotages.json told)
string(JSON count LENGTH ${told})
add_custom_target(sabotages COMMAND ${CMAKE_COMMAND} -E copy ${offered}/sabotages.json ${FAULTLINE_EXPLORER_OUTPUT})
math(EXPR last "${count} - 1")
foreach(number RANGE ${last})
    string(JSON mmu GET ${told} ${number} back_end)
    string(JSON file GET ${told} ${number} file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${file})
    file(STRINGS ${offered}/${number}/sources names)
    set(changed ${names})
    list(TRANSFORM changed PREPEND ${PROJECT_SOURCE_DIR}/)
    list(TRANSFORM changed REPLACE "^${PROJECT_SOURCE_DIR}/${file}$" "${offered}/${number}/${file}")
    list(JOIN names "|" pattern)
    set(module sabotage_${number})
    add_executable(${module} EXCLUDE_FROM_ALL ${changed}
                   "$<FILTER:$<TARGET_OBJECTS:wasm_engine>,EXCLUDE,/(${pattern})>"
                   "$<FILTER:$<TARGET_OBJECTS:wasm_${mmu}>,EXCLUDE,/(${pattern})>")
    target_include_directories(${module} BEFORE PRIVATE ${offered}/${number})
    target_include_directories(${module} PRIVATE ${PROJECT_SOURCE_DIR}/arch/${mmu})
    target_compile_options(${module} PRIVATE -ffile-prefix-map=${offered}/${number}/= "SHELL:${kernel_flags}")
    target_link_libraries(${module} PRIVATE wasm_kernel)
    engine_module(${module} ${mmu})
    add_dependencies(sabotages ${module})
endforeach()
