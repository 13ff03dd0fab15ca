// msgctl(2). (Linux ipc/msg.c: msgctl_info, msgctl_stat, msgctl_down.)
#include <linux/capability.h>
#include <linux/ipc.h>

#include "abi/cred/cred.hpp"
#include "abi/ipc/ipc.hpp"
#include "abi/ipc/limits.hpp"
#include "abi/ipc/msg_queue.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

Result<s32> put_info(s32 command, UserAddr buffer) {
    msginfo info = {};
    info.msgmni = static_cast<s32>(ipc_limits.msgmni);
    info.msgmax = static_cast<s32>(ipc_limits.msgmax);
    info.msgmnb = static_cast<s32>(ipc_limits.msgmnb);
    info.msgssz = MSGSSZ;
    info.msgseg = MSGSEG;
    info.msgpool = MSGPOOL;
    info.msgmap = MSGMAP;
    info.msgtql = MSGTQL;
    if (command == MSG_INFO) {
        info.msgpool = static_cast<s32>(msg_ids.in_use());
        info.msgmap = info.msgtql = 0; // the number of all messages, and of their bytes
        for (s32 i = 0; i <= msg_ids.highest_index(); ++i)
            if (const auto* queue = static_cast<const MsgQueue*>(msg_ids.at_index(i)); queue != nullptr) {
                info.msgmap += static_cast<s32>(queue->qnum);
                info.msgtql += static_cast<s32>(queue->cbytes);
            }
    }
    TRY_VOID(copy_struct_to_user(buffer, &info, sizeof info));
    return msg_ids.highest_index();
}

Result<s32> put_status(s32 id, IpcStat stat, UserAddr buffer) {
    const auto* queue = TRY(ipc_obtain_stat<MsgQueue>(msg_ids, id, stat));
    msqid64_ds status = {};
    status.msg_perm = ipc_perm_to_user(*queue);
    ipc_put_time(status.msg_stime, status.msg_stime_high, queue->stime);
    ipc_put_time(status.msg_rtime, status.msg_rtime_high, queue->rtime);
    ipc_put_time(status.msg_ctime, status.msg_ctime_high, queue->ctime);
    status.msg_cbytes = queue->cbytes;
    status.msg_qnum = queue->qnum;
    status.msg_qbytes = queue->qbytes;
    status.msg_lspid = queue->last_sender;
    status.msg_lrpid = queue->last_receiver;
    TRY_VOID(copy_struct_to_user(buffer, &status, sizeof status));
    return ipc_stat_result(*queue, stat);
}

Result<s32> set_owner(s32 id, UserAddr buffer) {
    msqid64_ds wanted;
    TRY_VOID(copy_struct_from_user(&wanted, buffer, sizeof wanted));
    auto* queue = TRY(ipc_obtain_control<MsgQueue>(msg_ids, id));
    if (wanted.msg_qbytes > ipc_limits.msgmnb && !capable(CAP_SYS_RESOURCE))
        return Err(Errno::PERM);
    ipc_update_perm(*queue, wanted.msg_perm);
    queue->qbytes = wanted.msg_qbytes;
    queue->ctime = ipc_now();
    admit_senders(*queue);
    return 0;
}

} // namespace

Result<s32> sys_msgctl(s32 id, s32 command, UserAddr buffer) {
    command &= ~IPC_64; // on ARM, programs always use the new structures
    if (id < 0 || command < 0)
        return Err(Errno::INVAL);
    WriteGuard guard(msg_lock());
    switch (command) {
    case IPC_INFO:
    case MSG_INFO:
        return put_info(command, buffer);
    case IPC_STAT:
        return put_status(id, IpcStat::ById, buffer);
    case MSG_STAT:
        return put_status(id, IpcStat::ByIndex, buffer);
    case MSG_STAT_ANY:
        return put_status(id, IpcStat::AnyByIndex, buffer);
    case IPC_SET:
        return set_owner(id, buffer);
    case IPC_RMID:
        free_queue(*TRY(ipc_obtain_control<MsgQueue>(msg_ids, id)));
        return 0;
    default:
        return Err(Errno::INVAL);
    }
}

} // namespace faultline
