// A scope inside another, while the guard lives.
#pragma once

#include "jinja/evaluator.h"

namespace msrnn::jinja {

class Evaluator::ScopeGuard {
 public:
  ScopeGuard(Evaluator& evaluator, std::shared_ptr<Scope> parent)
      : evaluator_(evaluator), outer_(evaluator.scope_) {
    evaluator_.context_.budget.charge(sizeof(Scope));
    evaluator_.scope_ = std::make_shared<Scope>(Scope{std::move(parent), {}});
  }
  explicit ScopeGuard(Evaluator& evaluator) : ScopeGuard(evaluator, evaluator.scope_) {}
  ~ScopeGuard() { evaluator_.scope_ = std::move(outer_); }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

 private:
  Evaluator& evaluator_;
  std::shared_ptr<Scope> outer_;
};

}  // namespace msrnn::jinja
