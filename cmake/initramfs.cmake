# initramfs.cpio: the stripped programs at their paths, and the directories that the kernel mounts on or fills. The
# kernel makes /dev itself, so making the archive does not need root.
get_property(targets GLOBAL PROPERTY INITRAMFS_TARGETS)
get_property(paths GLOBAL PROPERTY INITRAMFS_PATHS)
set(staging ${PROJECT_BINARY_DIR}/initramfs)
set(archive ${PROJECT_BINARY_DIR}/initramfs.cpio)

set(install_commands)
foreach(target path IN ZIP_LISTS targets paths)
    list(APPEND install_commands COMMAND ${CMAKE_STRIP} -o ${staging}/${path} $<TARGET_FILE:${target}>)
endforeach()

add_custom_command(
    OUTPUT ${archive}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${staging}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${staging}/bin ${staging}/sbin ${staging}/dev/shm ${staging}/proc
            ${staging}/tmp ${install_commands}
    COMMAND ${PROJECT_SOURCE_DIR}/tools/initramfs.sh --reproducible ${staging} ${archive}
    DEPENDS ${targets} ${PROJECT_SOURCE_DIR}/tools/initramfs.sh
    VERBATIM)
add_custom_target(initramfs ALL DEPENDS ${archive})
