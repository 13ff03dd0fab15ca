// Down to a page, and on to the next one. Nodes are made on the way down, and freed on the way up.
#include "mm/page_tree.hpp"

#include <algorithm>
#include <bit>

#include "mm/slab.hpp"

namespace faultline {
namespace {

constexpr u32 MAP_SHIFT = PageTreeNode::MAP_SHIFT, MAP_SIZE = PageTreeNode::MAP_SIZE;

constinit KmemCache node_cache("radix_tree_node", sizeof(PageTreeNode), alignof(PageTreeNode));

constexpr u64 bit(u32 slot) { return u64{1} << slot; }

// The first slot in the set from `slot` on; MAP_SIZE: there is none.
u32 next_in(u64 set, u32 slot) {
    return slot < MAP_SIZE ? slot + std::min(static_cast<u32>(std::countr_zero(set >> slot)), MAP_SIZE - slot)
                           : MAP_SIZE;
}

void put(PageTreeNode& node, u32 slot, void* what) {
    node.slots[slot] = what;
    node.used |= bit(slot);
}

PageTreeNode* add_node(PageTreeNode& parent, u32 slot) {
    PageTreeNode* node = kmem_new<PageTreeNode>(node_cache);
    if (node == nullptr)
        return nullptr;
    node->parent = &parent;
    node->offset = static_cast<u8>(slot);
    node->shift = static_cast<u8>(parent.shift - MAP_SHIFT);
    put(parent, slot, node);
    return node;
}

} // namespace

// On to the first page at or behind the slot: up where a node has no more, and down to the first one of the next.
void PageTree::Iterator::settle() {
    while (true) {
        slot_ = next_in(tagged_only_ ? node_->tagged : node_->used, slot_);
        if (slot_ != MAP_SIZE && node_->shift == 0) {
            page_ = node_->page(slot_);
            return;
        }
        if (slot_ != MAP_SIZE) {
            node_ = node_->node(slot_);
            slot_ = 0;
        } else if (node_->parent != nullptr) {
            slot_ = node_->offset + 1u;
            node_ = node_->parent;
        } else {
            page_ = nullptr;
            return;
        }
    }
}

void PageTree::Iterator::advance() {
    if (node_ == nullptr) {
        page_ = nullptr;
        return;
    }
    ++slot_;
    settle();
}

PageTree::Iterator PageTree::from(u32 index, bool tagged_only) const {
    Iterator at;
    at.tagged_only_ = tagged_only;
    if (empty() || !covers(index))
        return at;
    if (bits_ == 0) {
        at.page_ = tagged_only && !tagged_ ? nullptr : static_cast<Page*>(top_);
        return at;
    }
    at.node_ = top();
    for (at.slot_ = at.node_->slot_of(index); at.node_->shift != 0 && at.node_->slots[at.slot_] != nullptr;
         at.slot_ = at.node_->slot_of(index))
        at.node_ = at.node_->node(at.slot_);
    at.settle();
    return at;
}

PageTreeNode* PageTree::leaf_of(u32 index) const {
    PageTreeNode* node = top();
    while (node != nullptr && node->shift != 0)
        node = node->node(node->slot_of(index));
    return node;
}

Page* PageTree::find(u32 index) const {
    if (!covers(index))
        return nullptr;
    if (bits_ == 0)
        return static_cast<Page*>(top_);
    const PageTreeNode* leaf = leaf_of(index);
    return leaf != nullptr ? leaf->page(leaf->slot_of(index)) : nullptr;
}

// Nodes on top, until the number has its place. False: there is no memory; the tree is as it was, but may be higher.
bool PageTree::grow(u32 index) {
    while (!covers(index)) {
        PageTreeNode* node = kmem_new<PageTreeNode>(node_cache);
        if (node == nullptr)
            return false;
        node->shift = bits_;
        if (empty()) { // at once as high as it has to be
            node->shift = static_cast<u8>((static_cast<u32>(std::bit_width(index)) - 1) / MAP_SHIFT * MAP_SHIFT);
        } else {
            put(*node, 0, top_);
            node->tagged = any_tagged() ? bit(0) : 0;
            if (bits_ != 0)
                top()->parent = node;
        }
        top_ = node;
        bits_ = static_cast<u8>(node->shift + MAP_SHIFT);
        tagged_ = false;
    }
    return true;
}

// Frees the node if nothing is in it, and then those above.
void PageTree::prune(PageTreeNode* node) {
    while (node != nullptr && node->used == 0) {
        PageTreeNode* const parent = node->parent;
        if (parent != nullptr) {
            parent->slots[node->offset] = nullptr;
            parent->used &= ~bit(node->offset);
        } else {
            top_ = nullptr;
            bits_ = 0;
        }
        kmem_delete(node_cache, node);
        node = parent;
    }
}

Page* PageTree::insert(Page& page) {
    if (!grow(page.index))
        return nullptr;
    if (bits_ == 0) {
        if (top_ == nullptr)
            top_ = &page;
        return static_cast<Page*>(top_);
    }
    PageTreeNode* node = top();
    while (node->shift != 0) {
        const u32 slot = node->slot_of(page.index);
        PageTreeNode* below = node->node(slot);
        if (below == nullptr)
            below = add_node(*node, slot);
        if (below == nullptr) {
            prune(node);
            return nullptr;
        }
        node = below;
    }
    const u32 slot = node->slot_of(page.index);
    if (node->slots[slot] == nullptr)
        put(*node, slot, &page);
    return node->page(slot);
}

void PageTree::erase(Page& page) {
    clear_tag(page);
    if (bits_ == 0) {
        BUG_ON(top_ != &page);
        top_ = nullptr;
        return;
    }
    PageTreeNode& leaf = *leaf_of(page.index);
    const u32 slot = leaf.slot_of(page.index);
    BUG_ON(leaf.slots[slot] != &page);
    leaf.slots[slot] = nullptr;
    leaf.used &= ~bit(slot);
    prune(&leaf);
}

void PageTree::set_tag(const Page& page) {
    if (bits_ == 0)
        tagged_ = true;
    else
        for (PageTreeNode* node = leaf_of(page.index); node != nullptr; node = node->parent)
            node->tagged |= bit(node->slot_of(page.index));
}

void PageTree::clear_tag(const Page& page) {
    tagged_ = false;
    if (bits_ == 0)
        return;
    PageTreeNode* node = leaf_of(page.index);
    do {
        node->tagged &= ~bit(node->slot_of(page.index));
    } while (node->tagged == 0 && (node = node->parent) != nullptr);
}

} // namespace faultline
