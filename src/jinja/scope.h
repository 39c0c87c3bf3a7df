// Names and their values. A scope sees those of the scopes around it; `set` writes to the innermost only, as
// in Jinja.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jinja/value.h"

namespace msrnn::jinja {

struct Scope {
  std::shared_ptr<Scope> parent;
  std::vector<std::pair<std::string, Value>> names;

  void set(std::string_view name, Value value) {
    for (auto& [key, old] : names) {
      if (key != name) continue;
      old = std::move(value);
      return;
    }
    names.emplace_back(name, std::move(value));
  }

  // Null where no scope has the name.
  const Value* find(std::string_view name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent.get()) {
      for (const auto& [key, value] : scope->names) {
        if (key == name) return &value;
      }
    }
    return nullptr;
  }
};

}  // namespace msrnn::jinja
