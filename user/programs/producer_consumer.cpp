// Two producers and two consumers share a small ring. Every item arrives exactly once.
#include <ulib/print.hpp>
#include <ulib/sync.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned PAIRS = 2;
constexpr unsigned ITEMS = 5'000; // of each producer

class Ring {
  public:
    void put(unsigned item) {
        mutex_.lock();
        while (used_ == SIZE)
            not_full_.wait(mutex_);
        items_[(first_ + used_++) % SIZE] = item;
        not_empty_.notify_one();
        mutex_.unlock();
    }

    unsigned take() {
        mutex_.lock();
        while (used_ == 0)
            not_empty_.wait(mutex_);
        const unsigned item = items_[first_];
        first_ = (first_ + 1) % SIZE;
        --used_;
        not_full_.notify_one();
        mutex_.unlock();
        return item;
    }

  private:
    static constexpr unsigned SIZE = 8;
    Mutex mutex_;
    ConditionVariable not_full_, not_empty_;
    unsigned items_[SIZE];
    unsigned first_ = 0;
    unsigned used_ = 0;
};

Ring ring;
std::atomic<unsigned> arrived[PAIRS * ITEMS];

void produce(void* argument) {
    const unsigned base = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(argument)) * ITEMS;
    for (unsigned i = 0; i < ITEMS; ++i)
        ring.put(base + i);
}

void consume(void*) {
    for (unsigned i = 0; i < ITEMS; ++i)
        arrived[ring.take()].fetch_add(1);
}

} // namespace

int main() {
    Thread producers[PAIRS], consumers[PAIRS];
    for (unsigned i = 0; i < PAIRS; ++i) {
        must(consumers[i].start(consume, nullptr), "producer_consumer: clone");
        must(producers[i].start(produce, reinterpret_cast<void*>(i)), "producer_consumer: clone");
    }
    for (unsigned i = 0; i < PAIRS; ++i) {
        producers[i].join();
        consumers[i].join();
    }
    for (unsigned i = 0; i < PAIRS * ITEMS; ++i)
        if (arrived[i] != 1)
            fail("producer_consumer: item %u arrived %u times\n", i, arrived[i].load());
    print("producer_consumer: %u items arrived, each once\n", PAIRS * ITEMS);
    return 0;
}
