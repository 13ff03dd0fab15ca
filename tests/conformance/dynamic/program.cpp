// A dynamic C++ program: iostreams, exceptions and types across a shared object, threads that throw, and objects that
// live before main and after.
#include <atomic>
#include <future>
#include <iomanip>
#include <iostream>
#include <memory>
#include <mutex>
#include <new>
#include <sstream>
#include <thread>
#include <vector>

#include "shapes.hpp"

namespace {

struct Frame {
    Frame() { std::cout << "before main\n"; }
    ~Frame() { std::cout << "after main\n"; }
} frame;

thread_local std::string own = "untouched";

bool expect(bool good, const char* what) {
    if (!good)
        std::cout << "not so: " << what << std::endl;
    return good;
}

bool exceptions() {
    bool unwound = false;
    try {
        const std::unique_ptr<bool, void (*)(bool*)> guard(&unwound, [](bool* flag) { *flag = true; });
        make_shape("circle");
    } catch (const std::runtime_error& error) {
        return expect(unwound && dynamic_cast<const Unknown*>(&error) &&
                          error.what() == std::string("no shape is called circle"),
                      "an exception from a shared object is caught by its base");
    }
    return expect(false, "something was thrown");
}

bool types() {
    const std::unique_ptr<Shape> shape(make_shape("square"));
    std::ostringstream text;
    text << std::fixed << std::setprecision(3) << shape->area() << ' ' << std::hex << 255;
    return expect(dynamic_cast<Square*>(shape.get()) != nullptr, "a type is the same on both sides") &&
           expect(text.str() == "2.250 ff", "streams format");
}

bool no_memory() {
    try {
        const volatile std::size_t all = ~std::size_t{0} / 2 - 4096;
        char* volatile memory = new char[all]; // the compiler must not leave it out
        delete[] memory;
    } catch (const std::bad_alloc&) {
        return true;
    }
    return expect(false, "two gigabytes are too much");
}

bool threads() {
    std::mutex mutex;
    int sum = 0;
    std::vector<std::thread> all;
    for (int i = 1; i <= 8; ++i)
        all.emplace_back([&, i] {
            own += "!";
            try {
                throw i;
            } catch (int caught) {
                const std::lock_guard lock(mutex);
                sum += own == "untouched!" ? caught : 1000;
            }
        });
    for (std::thread& thread : all)
        thread.join();
    auto failure = std::async(std::launch::async, []() -> int { throw Unknown("far away"); });
    try {
        failure.get();
    } catch (const Unknown& error) {
        return expect(sum == 36, "each thread caught its own") &&
               expect(own == "untouched", "and has its own variables");
    }
    return expect(false, "an exception crosses threads");
}

} // namespace

int main() {
    const bool good = exceptions() & types() & no_memory() & threads();
    std::cout << "dynamic C++" << std::endl;
    return good ? 0 : 1;
}
