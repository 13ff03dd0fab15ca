// What the C++ program and its shared object have in common: types that must be the same on both sides.
#pragma once

#include <stdexcept>
#include <string>

struct Shape {
    virtual ~Shape();
    virtual double area() const = 0;
};
struct Square : Shape {
    explicit Square(double edge) : edge(edge) {}
    double area() const override { return edge * edge; }
    double edge;
};
struct Unknown : std::runtime_error {
    using std::runtime_error::runtime_error;
};

Shape* make_shape(const std::string& name); // throws Unknown
