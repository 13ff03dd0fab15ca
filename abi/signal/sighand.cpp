// Allocates, copies and frees the table of signal actions.
#include "abi/signal/sighand.hpp"

#include "abi/task/siglock.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {
constinit KmemCache sighand_cache{"sighand", sizeof(SigHand), alignof(SigHand)};
} // namespace

Result<SigHand*> sighand_new() {
    auto* sighand = kmem_new<SigHand>(sighand_cache);
    if (sighand == nullptr)
        return Err(Errno::NOMEM);
    return sighand;
}

Result<SigHand*> sighand_dup(const SigHand& from) {
    auto* copy = kmem_new<SigHand>(sighand_cache, from);
    if (copy == nullptr)
        return Err(Errno::NOMEM);
    return copy;
}

void sighand_put(SigHand& sighand) {
    if (sighand.references.dec_and_test())
        kmem_delete(sighand_cache, &sighand);
}

void flush_signal_handlers(SigHand& sighand) {
    const SigLocked lock;
    for (SigAction& action : sighand.action) {
        const u32 handler = action.handler == HANDLER_IGNORE ? HANDLER_IGNORE : HANDLER_DEFAULT;
        action = {};
        action.handler = handler;
    }
}

} // namespace faultline
