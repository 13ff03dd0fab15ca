// The flattened device tree (Devicetree Specification v0.3, chapter 5), read in one pass into BootInfo. The reader
// looks at the nodes directly under the root, and at the CPUs under /cpus. QEMU's `virt` and most machines have
// everything there. It trusts the loader for the place and the size of the tree, and for nothing else: no read goes
// beyond them (tests/fuzz/host/device_tree.cpp).
#include <algorithm>
#include <cstring>

#include "arch/arm/layout.h"
#include "arch/arm/setup.hpp"
#include "arch/contract/machine.hpp"
#include "base/assert.hpp"

namespace faultline {

namespace {

inline constexpr u32 FDT_MAGIC = 0xd00dfeed;
enum Token : u32 { FDT_BEGIN_NODE = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_NOP = 4, FDT_END = 9 };

u32 big_endian(const void* word) {
    u32 value;
    memcpy(&value, word, sizeof(value));
    return __builtin_bswap32(value);
}

// The length of the string at `text`, without its NUL; `limit` if there is no NUL among so many bytes.
u32 bounded_length(const char* text, u32 limit) {
    u32 length = 0;
    while (length < limit && text[length] != '\0')
        ++length;
    return length;
}

// The value of a property. data is nullptr and bytes is 0 if the property is absent.
struct Property {
    const u8* data = nullptr;
    u32 bytes = 0;

    u32 cell(u32 index) const {
        if (index >= bytes / 4)
            panic("device tree: a property of %u bytes is too short", bytes);
        return big_endian(data + index * 4);
    }
    // An address or size of one or two cells; the low 32 bits are used. Panics if the property is absent.
    u32 number() const { return cell(bytes / 4 - 1); }
    u32 wide(u32 index, u32 cells) const { return cell(index + cells - 1); }
    // Whether the property, a list of NUL-terminated strings, contains `string`.
    bool has(const char* string) const {
        const u32 wanted = static_cast<u32>(strlen(string));
        for (u32 i = 0, length; i < bytes; i += length + 1) {
            length = bounded_length(text(i), bytes - i);
            if (length == wanted && i + length < bytes && memcmp(text(i), string, length) == 0)
                return true;
        }
        return false;
    }
    const char* text(u32 offset = 0) const { return reinterpret_cast<const char*>(data + offset); }
};

// The properties that this file uses, of one node.
struct Node {
    const char* name = "";
    Property compatible, reg, interrupts, device_type;
    Property bootargs, initrd_start, initrd_end, rng_seed; // /chosen
    Property address_cells, size_cells;                    // the root
    Property method;                                       // /psci

    void add(const char* property, Property value) {
        const struct {
            const char* name;
            Property& value;
        } known[] = {{"compatible", compatible},       {"reg", reg},           {"interrupts", interrupts},
                     {"device_type", device_type},     {"bootargs", bootargs}, {"linux,initrd-start", initrd_start},
                     {"linux,initrd-end", initrd_end}, {"rng-seed", rng_seed}, {"#address-cells", address_cells},
                     {"#size-cells", size_cells},      {"method", method}};
        for (const auto& entry : known) {
            if (strcmp(property, entry.name) == 0)
                entry.value = value;
        }
    }
};

// The whole tree, by offsets.
class Blob {
  public:
    explicit Blob(const u8* data) : data_(data), bytes_(8) {
        if (word(0) != FDT_MAGIC)
            panic("no device tree where the boot loader said (r2)");
        bytes_ = word(4);
    }

    // Panics unless that many bytes are there.
    const u8* at(u32 offset, u32 bytes) const {
        if (offset > bytes_ || bytes > bytes_ - offset)
            panic("device tree: it has %u bytes, and says that there are %u at %u", bytes_, bytes, offset);
        return data_ + offset;
    }
    u32 word(u32 offset) const { return big_endian(at(offset, 4)); }
    const char* string(u32 offset) const {
        const auto* text = reinterpret_cast<const char*>(at(offset, 0));
        at(offset, bounded_length(text, bytes_ - offset) + 1);
        return text;
    }

  private:
    const u8* data_;
    u32 bytes_;
};

class Reader {
  public:
    explicit Reader(BootInfo& info) : info_(info) {}

    void read(const Blob& tree) {
        u32 at = tree.word(8);
        const u32 strings = tree.word(12);
        Node root, node, child;
        for (u32 depth = 0;;) {
            const u32 token = tree.word(at);
            at += 4;
            if (token == FDT_BEGIN_NODE) {
                const char* name = tree.string(at);
                ++depth;
                if (depth == 2) {
                    node = Node{};
                    node.name = name;
                } else if (depth == 3) {
                    child = Node{};
                }
                at += padded(static_cast<u32>(strlen(name)) + 1);
            } else if (token == FDT_END_NODE) {
                if (depth == 0)
                    panic("device tree: a node ends that has not begun");
                if (depth == 2)
                    take(root, node);
                else if (depth == 3 && child.device_type.has("cpu"))
                    take_cpu(child);
                --depth;
            } else if (token == FDT_PROP) {
                const u32 bytes = tree.word(at);
                const Property value{.data = tree.at(at + 8, bytes), .bytes = bytes};
                const char* name = tree.string(strings + tree.word(at + 4));
                if (depth == 1)
                    root.add(name, value);
                else if (depth == 2)
                    node.add(name, value);
                else if (depth == 3)
                    child.add(name, value);
                at += 8 + padded(bytes);
            } else if (token == FDT_END) {
                return;
            } else if (token != FDT_NOP) {
                panic("device tree: unknown token %u", token);
            }
        }
    }

  private:
    static u32 padded(u32 bytes) { return (bytes + 3) & ~3u; }

    void take(const Node& root, const Node& node) {
        if (node.device_type.has("memory"))
            take_memory(root, node);
        else if (strcmp(node.name, "chosen") == 0)
            take_chosen(node);
        else if (node.compatible.has("arm,pl011"))
            info_.uart = device(root, node, 0);
        else if (node.compatible.has("arm,pl031"))
            info_.rtc = device(root, node, 0);
        else if (node.compatible.has("arm,cortex-a15-gic"))
            take_gic(root, node);
        else if (node.compatible.has("arm,armv7-timer"))
            take_timer(node);
        else if (node.compatible.has("arm,psci-0.2") || node.compatible.has("arm,psci-1.0"))
            info_.psci_by_smc = node.method.has("smc");
        else if (node.compatible.has("virtio,mmio") && info_.virtio_count < BootInfo::MAX_VIRTIO)
            info_.virtio[info_.virtio_count++] = device(root, node, 0);
    }

    // The binding of generic timers lists the interrupts in this order: secure, physical, virtual, hypervisor.
    void take_timer(const Node& node) {
        info_.physical_timer_intid = intid(node, 1);
        info_.virtual_timer_intid = intid(node, 2);
    }

    // The range number `index` of a node's "reg", and the node's first interrupt.
    static DeviceInfo device(const Node& root, const Node& node, u32 index) {
        const u32 address_cells = root.address_cells.number(), size_cells = root.size_cells.number();
        const u32 first = index * (address_cells + size_cells);
        return {.base = PhysAddr(node.reg.wide(first, address_cells)),
                .bytes = node.reg.wide(first + address_cells, size_cells),
                .intid = node.interrupts.bytes == 0 ? 0 : intid(node, 0)};
    }

    // The binding of GICs: an interrupt has three cells; the first is 0 for an SPI and 1 for a PPI.
    static u32 intid(const Node& node, u32 index) {
        return node.interrupts.cell(index * 3 + 1) + (node.interrupts.cell(index * 3) == 0 ? 32 : 16);
    }

    // The binding of CPUs (arm/cpus.yaml): "reg" holds the affinity fields of MPIDR. Only CPUs of the first cluster are
    // used.
    void take_cpu(const Node& cpu) {
        if (const u32 affinity = cpu.reg.number(); affinity < machine::MAX_CPUS)
            info_.cpus |= CpuMask::of(affinity);
    }

    void take_memory(const Node& root, const Node& node) {
        const DeviceInfo range = device(root, node, 0);
        // A size of 4 GiB or more does not fit in 32 bits. The linear mapping is smaller than that, so its limit
        // applies.
        const bool huge = root.size_cells.number() == 2 && node.reg.cell(root.address_cells.number()) != 0;
        info_.ram_start = range.base;
        info_.ram_bytes = huge || range.bytes > LINEAR_LIMIT ? LINEAR_LIMIT : range.bytes & ~0xfffffu;
    }

    void take_gic(const Node& root, const Node& node) {
        info_.gic_distributor = device(root, node, 0);
        info_.gic_cpu_interface = device(root, node, 1);
    }

    void take_chosen(const Node& node) {
        const u32 length = bounded_length(node.bootargs.text(), node.bootargs.bytes);
        if (length >= sizeof(info_.command_line))
            panic("the command line has %u bytes; %u is the limit", length + 1, BootInfo::COMMAND_LINE_SIZE);
        std::copy_n(node.bootargs.text(), length, info_.command_line);
        info_.command_line[length] = '\0'; // there may be two such nodes
        if (node.initrd_start.bytes != 0 && node.initrd_end.bytes != 0) {
            info_.initrd_start = PhysAddr(node.initrd_start.number());
            info_.initrd_end = PhysAddr(node.initrd_end.number());
        }
        info_.rng_seed_bytes =
            node.rng_seed.bytes < BootInfo::RNG_SEED_SIZE ? node.rng_seed.bytes : BootInfo::RNG_SEED_SIZE;
        std::copy_n(node.rng_seed.data, info_.rng_seed_bytes, info_.rng_seed);
    }

    BootInfo& info_;
};

} // namespace

void device_tree_parse(const void* tree, BootInfo& info) {
    Reader(info).read(Blob(static_cast<const u8*>(tree)));
    // Some versions of QEMU list the transports in descending order of address. Sorting keeps slot numbers independent
    // of that.
    for (u32 i = 0; i < info.virtio_count; ++i) {
        for (u32 j = i; j > 0 && info.virtio[j].base < info.virtio[j - 1].base; --j) {
            const DeviceInfo swapped = info.virtio[j];
            info.virtio[j] = info.virtio[j - 1];
            info.virtio[j - 1] = swapped;
        }
    }
}

} // namespace faultline
