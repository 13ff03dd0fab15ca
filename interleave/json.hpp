// Writing JSON: objects and lists are scopes.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace faultline::interleave {

class Json {
  public:
    class [[nodiscard]] Scope {
      public:
        Scope(Json& json, char end) : json_(json), end_(end) {}
        ~Scope() { json_.close(end_); }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

      private:
        Json& json_;
        char end_;
    };
    // With a name in an object, without one in a list.
    Scope object(const char* name = nullptr) { return open(name, '{', '}'); }
    Scope list(const char* name = nullptr) { return open(name, '[', ']'); }

    void value(const char* name, std::string_view text) {
        begin(name);
        quote(text);
    }
    void value(const char* name, const char* text) { value(name, std::string_view(text)); }
    void value(std::string_view text) { value(nullptr, text); }
    template <std::integral Number>
    void value(const char* name, Number number) {
        begin(name);
        if constexpr (std::same_as<Number, bool>)
            text_ += number ? "true" : "false";
        else
            text_ += std::to_string(number);
    }
    template <std::integral Number>
    void value(Number number) {
        value(nullptr, number);
    }
    // JSON that is there already; "": null.
    void raw(const char* name, std::string_view json) {
        begin(name);
        text_ += json.empty() ? "null" : json;
    }

    // The text, when every scope has ended.
    std::string finish() { return std::move(text_); }

  private:
    Scope open(const char* name, char start, char end) {
        begin(name);
        text_ += start;
        first_ = true;
        return {*this, end};
    }
    void close(char end) {
        text_ += end;
        first_ = false;
    }
    void begin(const char* name) {
        if (!first_)
            text_ += ',';
        first_ = false;
        if (name != nullptr) {
            quote(name);
            text_ += ':';
        }
    }
    void quote(std::string_view text) {
        text_ += '"';
        for (const char each : text) {
            if (each == '"' || each == '\\')
                text_ += '\\';
            if (each == '\n')
                text_ += "\\n";
            else
                text_ += each;
        }
        text_ += '"';
    }

    std::string text_;
    bool first_ = true;
};

} // namespace faultline::interleave
