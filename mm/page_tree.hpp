// The pages of a file, by their number in it: a tree whose nodes have 64 slots, so that each level is six bits of the number. A file
// of one page has no node. (Linux: the radix tree, which became the XArray.)
#pragma once

#include <array>

#include "mm/page.hpp"

namespace faultline {

struct PageTreeNode {
    static constexpr u32 MAP_SHIFT = 6, MAP_SIZE = 1u << MAP_SHIFT; // Linux: RADIX_TREE_MAP_SHIFT, RADIX_TREE_MAP_SIZE

    PageTreeNode* parent = nullptr;
    u8 offset = 0;            // its slot in the parent
    u8 shift = 0;             // how many bits of a number are looked at further down; 0: the slots are pages
    u64 used = 0, tagged = 0; // a bit for each slot: it is not empty; a page with a tag is there or further down
    std::array<void*, MAP_SIZE> slots{};

    u32 slot_of(u32 index) const { return index >> shift & (MAP_SIZE - 1); }
    PageTreeNode* node(u32 slot) const { return static_cast<PageTreeNode*>(slots[slot]); }
    Page* page(u32 slot) const { return static_cast<Page*>(slots[slot]); }
};

// Whoever calls a function holds what guards the tree. A page's number is its `index`, which stays while the page is here.
class PageTree {
  public:
    // A page, and those behind it. Valid until the tree changes.
    class Iterator {
      public:
        Page& operator*() const { return *page_; }
        Page* operator->() const { return page_; }
        Iterator& operator++() {
            constexpr u32 LAST = PageTreeNode::MAP_SIZE - 1;
            if (node_ != nullptr && slot_ != LAST && node_->slots[slot_ + 1] != nullptr && !tagged_only_)
                page_ = node_->page(++slot_); // mostly so: files have few holes
            else
                advance();
            return *this;
        }
        bool operator==(const Iterator& other) const { return page_ == other.page_; }

      private:
        friend class PageTree;
        void advance();
        void settle();

        Page* page_ = nullptr;               // nullptr: the end
        const PageTreeNode* node_ = nullptr; // where it is, in `slot_`; nullptr: the tree has no node
        u32 slot_ = 0;
        bool tagged_only_ = false;
    };

    bool empty() const { return top_ == nullptr; }
    bool any_tagged() const { return bits_ == 0 ? tagged_ : top()->tagged != 0; }
    Iterator begin() const { return from(0); }
    Iterator end() const { return {}; }

    // nullptr: there is none.
    Page* find(u32 index) const;
    // The first page from `index` on; and the first one with a tag, which is followed by those with a tag.
    Iterator from(u32 index) const { return from(index, false); }
    Iterator tagged_from(u32 index) const { return from(index, true); }

    // Returns the page with that number: this one, or the one that was there. nullptr: no memory for a node.
    [[nodiscard]] Page* insert(Page& page);
    // The page must be in the tree. Erasing takes its tag away, too.
    void erase(Page& page);
    void set_tag(const Page& page);
    void clear_tag(const Page& page);

  private:
    bool covers(u32 index) const { return bits_ >= 32 || index >> bits_ == 0; }
    PageTreeNode* top() const { return static_cast<PageTreeNode*>(top_); }
    PageTreeNode* leaf_of(u32 index) const; // nullptr: there is no node on the way
    Iterator from(u32 index, bool tagged_only) const;
    bool grow(u32 index);
    void prune(PageTreeNode* node);

    void* top_ = nullptr; // a node; or with no bits the page 0
    u8 bits_ = 0;         // of a number that the nodes look at
    bool tagged_ = false; // the page 0, where there is no node
};

} // namespace faultline
