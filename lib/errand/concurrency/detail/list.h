// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace errand::detail {

// A ring of objects that link themselves: no allocation, and leaving costs nothing to look up.
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  bool linked() const { return next_ != this; }
  void unlink() {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = this;
  }
  void insert_before(Link& other) {
    prev_ = other.prev_;
    next_ = &other;
    prev_->next_ = this;
    other.prev_ = this;
  }

 protected:
  ~Link() = default;

 private:
  template <class T>
  friend class List;
  Link* prev_ = this;
  Link* next_ = this;
};

// First in, first out. Does not own its elements; T derives from Link.
template <class T>
class List {
 public:
  List() = default;
  bool empty() const { return !ring_.linked(); }
  void push_back(T& element) { static_cast<Link&>(element).insert_before(ring_); }
  T& front() { return static_cast<T&>(*ring_.next_); }
  T& pop_front() {
    T& element = front();
    static_cast<Link&>(element).unlink();
    return element;
  }
  void splice(List& other) {
    if (other.empty()) return;
    Link& first = *other.ring_.next_;
    Link& last = *other.ring_.prev_;
    other.ring_.next_ = other.ring_.prev_ = &other.ring_;
    first.prev_ = ring_.prev_;
    ring_.prev_->next_ = &first;
    last.next_ = &ring_;
    ring_.prev_ = &last;
  }
  template <class F>
  void for_each(F&& visit) const {
    for (const Link* at = ring_.next_; at != &ring_; at = at->next_) {
      visit(static_cast<const T&>(*at));
    }
  }

 private:
  struct Ring final : Link {};
  Ring ring_;
};

}  // namespace errand::detail
