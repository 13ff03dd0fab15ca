// Scenarios that need several processes or threads, and therefore a function of their own.
#pragma once

#include <string_view>

namespace faultline {

void original_report();
void original_report_after_write();
void original_report_trylock();
void original_report_uncontended();
void second_waiter_lock();
void second_waiter_unlock();
void unlock_with_waiter();
void wake_op_with_waiters();
void requeue_pi_target_untouched();
void requeue_pi_target_read();
void requeue_pi_target_wrote();
void one_page_at_two_addresses();
void one_address_in_two_processes();
void exit_word_clean();
void exit_word_cow();
void exit_word_read_only();
void exit_word_unmapped();
void robust_exit_cow();
void stale_lock_of_two_processes();
void broken_unmap();
void broken_write_protect();
void broken_fork();
void broken_remap();

struct Story {
    std::string_view name;
    void (*tell)();
};

inline constexpr Story stories[] = {
    {"original-report", original_report},
    {"original-report.wrote", original_report_after_write},
    {"original-report.trylock", original_report_trylock},
    {"original-report.uncontended", original_report_uncontended},
    {"second-waiter.lock_pi", second_waiter_lock},
    {"second-waiter.unlock_pi", second_waiter_unlock},
    {"alias-read.unlock_pi-waiter", unlock_with_waiter},
    {"memfd-read.wake_op-waiters", wake_op_with_waiters},
    {"memfd-untouched.cmp_requeue_pi", requeue_pi_target_untouched},
    {"memfd-read.cmp_requeue_pi", requeue_pi_target_read},
    {"memfd-read-wrote.cmp_requeue_pi", requeue_pi_target_wrote},
    {"key.two-addresses", one_page_at_two_addresses},
    {"key.two-processes", one_address_in_two_processes},
    {"clear-tid.clean", exit_word_clean},
    {"clear-tid.cow", exit_word_cow},
    {"clear-tid.read-only", exit_word_read_only},
    {"clear-tid.unmapped", exit_word_unmapped},
    {"robust-exit.cow", robust_exit_cow},
    {"stale.two-processes", stale_lock_of_two_processes},
    {"broken.unmap", broken_unmap},
    {"broken.write-protect", broken_write_protect},
    {"broken.fork", broken_fork},
    {"broken.remap", broken_remap},
};

} // namespace faultline
