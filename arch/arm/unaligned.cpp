// Loads and stores several words at an unaligned address, for a program.
#include <arch/ptrace.hpp>
#include <arch/unaligned.hpp>

#include <array>

#include "arch/armv7/word_transfer.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

Result<u16> read_half(UserAddr at) {
    u16 half;
    TRY_VOID(copy_struct_from_user(&half, at, sizeof half));
    return half;
}

std::optional<armv7::WordTransfer> decode(const PtRegs& regs, UserInstruction instruction) {
    if (!thumb_mode(regs))
        return armv7::decode_arm(instruction.bits);
    return instruction.bytes == 2 ? armv7::decode_thumb(static_cast<u16>(instruction.bits))
                                  : armv7::decode_wide_thumb(instruction.bits);
}

// The value that the instruction sees in a register. pc: ahead by two instructions (ARM ARM A2.3).
u32 value_of(const PtRegs& regs, u8 reg) {
    switch (reg) {
    case armv7::SP:
        return regs.sp;
    case armv7::LR:
        return regs.lr;
    case armv7::PC:
        return thumb_mode(regs) ? (regs.pc + 4) & ~3u : regs.pc + 8;
    default:
        return regs.r[reg];
    }
}

// pc: bit 0 selects the state (LoadWritePC).
void set(PtRegs& regs, u8 reg, u32 value) {
    switch (reg) {
    case armv7::SP:
        regs.sp = value;
        break;
    case armv7::LR:
        regs.lr = value;
        break;
    case armv7::PC:
        regs.pc = value & ~INTERWORKING_THUMB;
        regs.cpsr = (regs.cpsr & ~PSR_T) | ((value & INTERWORKING_THUMB) != 0 ? PSR_T : 0);
        break;
    default:
        regs.r[reg] = value;
    }
}

// Makes the accesses. The registers change only if all of them can be made.
bool transfer_words(PtRegs& regs, const armv7::WordTransfer& transfer) {
    const u32 index = transfer.index != armv7::WordTransfer::NO_INDEX ? value_of(regs, transfer.index) : 0;
    const armv7::TransferPlace place = place_of(transfer, value_of(regs, transfer.base), index);
    std::array<u32, 16> words;
    const u32 bytes = transfer.count * u32{sizeof(u32)};
    if (transfer.load) {
        if (copy_from_user(words.data(), UserAddr(place.start), bytes) != 0)
            return false;
        for (u32 i = 0; i < transfer.count; ++i)
            set(regs, transfer.registers[i], words[i]);
    } else {
        for (u32 i = 0; i < transfer.count; ++i)
            words[i] = value_of(regs, transfer.registers[i]);
        if (copy_to_user(UserAddr(place.start), words.data(), bytes) != 0)
            return false;
    }
    if (transfer.writeback)
        set(regs, transfer.base, place.new_base);
    return true;
}

void step_over(PtRegs& regs, const armv7::WordTransfer& transfer, u32 bytes) {
    regs.cpsr = (regs.cpsr & ~PSR_IT) | armv7::advance_it(regs.cpsr & PSR_IT);
    const bool jumped = transfer.load && transfer.registers[transfer.count - 1] == armv7::PC;
    if (!jumped)
        regs.pc += bytes;
}

} // namespace

Result<UserInstruction> read_instruction(const PtRegs& regs) {
    const UserAddr pc(regs.pc);
    if (!thumb_mode(regs))
        return UserInstruction{TRY(get_user_u32(pc)), 4};
    const u32 first = TRY(read_half(pc));
    if (!armv7::is_wide_thumb(static_cast<u16>(first)))
        return UserInstruction{first, 2};
    return UserInstruction{first << 16 | TRY(read_half(pc + 2)), 4};
}

Emulation emulate_unaligned(PtRegs& regs, UserInstruction instruction) {
    const auto transfer = decode(regs, instruction);
    if (!transfer)
        return {};
    const Emulated what = transfer->pair ? Emulated::Pair : Emulated::Several;
    if (!transfer_words(regs, *transfer))
        return {what, false};
    step_over(regs, *transfer, instruction.bytes);
    return {what, true};
}

} // namespace faultline
