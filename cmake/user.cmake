# User programs: static ARM Linux executables with newlib's C library. user/lib has crt0, the system-call stubs that
# newlib needs, and the wrappers for threads and futexes.
set(user_script ${PROJECT_SOURCE_DIR}/linker/user.lds)

add_library(user_flags INTERFACE)
target_include_directories(user_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/user/lib/include)
target_include_directories(user_flags SYSTEM INTERFACE ${UAPI_INCLUDE})
set(user_machine -mcpu=cortex-a15 -mfpu=neon-vfpv4 -mfloat-abi=hard -marm)
target_compile_options(
    user_flags INTERFACE ${user_machine} -ffunction-sections -fdata-sections
                         $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics>)

room(ulib_sources user/lib/*.c user/lib/*.cpp user/lib/*.S)
add_library(ulib STATIC ${ulib_sources})
target_link_libraries(ulib PUBLIC user_flags)

# user_program(<name> <path in the initramfs> <source>...): a program that becomes part of the initramfs.
function(user_program name path)
    set(target user_${name})
    add_executable(${target} ${ARGN})
    # ulib and libc call each other, so they are in a group. `-u,_start` makes the linker take crt0 from ulib.
    target_link_libraries(${target} PRIVATE user_flags -Wl,--start-group ulib c m gcc -Wl,--end-group)
    target_link_options(
        ${target} PRIVATE ${user_machine} -nostdlib -static -T ${user_script} -Wl,--build-id=none -Wl,--gc-sections
        -Wl,-u,_start -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--fatal-warnings)
    set_target_properties(${target} PROPERTIES LINK_DEPENDS ${user_script} SUFFIX "" OUTPUT_NAME user/${name})
    add_custom_command(
        TARGET ${target}
        POST_BUILD
        COMMAND ${PROJECT_SOURCE_DIR}/tools/check_elf.sh --user $<TARGET_FILE:${target}>
        VERBATIM)
    set_property(GLOBAL APPEND PROPERTY INITRAMFS_TARGETS ${target})
    set_property(GLOBAL APPEND PROPERTY INITRAMFS_PATHS ${path})
endfunction()

file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/user)
room(init_sources user/init/*.cpp)
room(scenario_sources user/scenarios/*.cpp)
room(program_sources user/programs/*.c user/programs/*.cpp)
room(fuzz_sources tests/fuzz/calls/*.cpp tests/fuzz/calls/*.S)
room(fail_nth_sources tests/boot/fail_nth/*.cpp)

# The catalogue of scenarios, converted to rows of a C++ table. Included as "user/scenarios/catalogue.inc".
set(catalogue user/scenarios/catalogue)
set(generated ${PROJECT_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${generated}/user/scenarios)
add_custom_command(
    OUTPUT ${generated}/${catalogue}.inc
    COMMAND awk -f ${catalogue}.awk ${catalogue}.tsv >${generated}/${catalogue}.inc
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    DEPENDS ${PROJECT_SOURCE_DIR}/${catalogue}.awk ${PROJECT_SOURCE_DIR}/${catalogue}.tsv)

user_program(init sbin/init ${init_sources})
user_program(scenario bin/scenario ${scenario_sources} ${generated}/${catalogue}.inc)
target_include_directories(user_scenario PRIVATE ${generated})
user_program(fuzz bin/fuzz ${fuzz_sources})
user_program(fail_nth bin/fail_nth ${fail_nth_sources})
foreach(source ${program_sources})
    get_filename_component(name ${source} NAME_WE)
    user_program(${name} bin/${name} ${source})
endforeach()
