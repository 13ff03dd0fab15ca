# Tests that boot the emulated machine, with what the `arm` preset built beside this build. Each script of tests/boot/
# is one test, but scenario.sh, which is one for each scenario and repair of the catalogue.
set(catalogue ${PROJECT_SOURCE_DIR}/user/scenarios/catalogue.tsv)
set(repairs gup gup_dirty fixup_2011 fixup trap)

function(boot_test name script)
    add_test(NAME "boot: ${name}" COMMAND tests/boot/${script} ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties("boot: ${name}" PROPERTIES LABELS boot TIMEOUT 300)
endfunction()

file(GLOB scripts CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/tests/boot ${PROJECT_SOURCE_DIR}/tests/boot/*.sh)
list(REMOVE_ITEM scripts scenario.sh lib.sh)
foreach(script ${scripts})
    string(REPLACE ".sh" "" name ${script})
    boot_test(${name} ${script})
endforeach()

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${catalogue})
file(STRINGS ${catalogue} rows REGEX "^[^#]")
foreach(row ${rows})
    string(REGEX MATCH "^([^\t]*\t)+" fields "${row}") # without the sentence, which may hold anything
    string(REPLACE "\t" ";" fields "${fields}")
    list(POP_FRONT fields name)
    foreach(repair ${repairs})
        list(POP_FRONT fields expected)
        boot_test("${name} ${repair}" scenario.sh ${name} ${repair} ${expected})
    endforeach()
endforeach()

# Programs from Debian's packages, where those have been fetched; tests/long.sh fetches them and runs all groups.
foreach(group futex mm calls busybox)
    add_test(NAME "conformance: ${group}" COMMAND tests/conformance/run.sh --at-hand ${group}
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties("conformance: ${group}" PROPERTIES LABELS boot TIMEOUT 900 SKIP_RETURN_CODE 77
                         ENVIRONMENT QEMU_RUN_BUILT=yes)
endforeach()

# The demonstration keeps all processors busy by itself, and both are held to a time.
set_tests_properties("boot: demonstration" "boot: interrupt" PROPERTIES RUN_SERIAL TRUE)
