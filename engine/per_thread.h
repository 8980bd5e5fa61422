// A T for each thread and object.
#ifndef TRIVET_ENGINE_PER_THREAD_H_
#define TRIVET_ENGINE_PER_THREAD_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace trivet::engine {

// A T is made when a thread first comes, passes on to another thread when that one has ended, and
// lives as long as the PerThread.
//
// Thread-safety: all methods, on any thread. Mine() costs a comparison, where the thread's last
// call was for the same object.
template <typename T>
class PerThread {
 public:
  PerThread() = default;
  PerThread(const PerThread&) = delete;
  PerThread& operator=(const PerThread&) = delete;

  // The T of the calling thread. In destructors of the thread or the program that run later than
  // ours: a new one for each call, kept in use for ever.
  T& Mine() {
    if (last_used_.id == id_) [[likely]]
      return *last_used_.mine;
    T* const mine = FindMine();
    return mine != nullptr ? *mine : Claim(*list_)->value;
  }

  // The same, but null in such destructors.
  T* TryMine() {
    if (last_used_.id == id_) [[likely]]
      return last_used_.mine;
    return FindMine();
  }

  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (Node* node = list_->first.load(std::memory_order_acquire); node != nullptr;
         node = node->next) {
      visit(node->value);
    }
  }

  // Those whose thread has ended. Another one may become the owner meanwhile.
  template <typename Visit>
  void ForEachEnded(const Visit& visit) const {
    for (Node* node = list_->first.load(std::memory_order_acquire); node != nullptr;
         node = node->next) {
      if (!node->in_use.load(std::memory_order_acquire)) visit(node->value);
    }
  }

 private:
  struct Node {
    T value;
    std::atomic<bool> in_use{false};  // by a thread that lives
    Node* next = nullptr;             // constant once it is in the list
  };
  struct List {
    List() = default;
    List(const List&) = delete;
    List& operator=(const List&) = delete;
    ~List() {
      Node* node = first.load(std::memory_order_relaxed);
      while (node != nullptr) delete std::exchange(node, node->next);
    }
    std::atomic<Node*> first{nullptr};
  };
  struct LastUsed {
    uint64_t id = 0;  // whose; 0: none
    T* mine = nullptr;
  };

  // All that one thread has; gives it back when the thread ends. A PerThread may be gone by then.
  class OfThread {
   public:
    OfThread() = default;
    OfThread(const OfThread&) = delete;
    OfThread& operator=(const OfThread&) = delete;
    ~OfThread() {
      for (const Held& one : held_) {
        // Release: pairs with the exchange in Claim.
        if (const auto list = one.list.lock()) {
          one.node->in_use.store(false, std::memory_order_release);
        }
      }
      last_used_ = {};
      thread_has_ended_ = true;
    }

    Node* Find(uint64_t id) const {
      for (const Held& one : held_) {
        if (one.id == id) return one.node;
      }
      return nullptr;
    }

    void Add(uint64_t id, const std::shared_ptr<List>& list, Node* node) {
      std::erase_if(held_, [](const Held& one) { return one.list.expired(); });
      held_.push_back({id, list, node});
    }

   private:
    struct Held {
      uint64_t id;
      std::weak_ptr<List> list;
      Node* node;
    };
    std::vector<Held> held_;
  };

  static uint64_t NextId() {
    static std::atomic<uint64_t> last_id{0};
    return last_id.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  T* FindMine() {
    if (thread_has_ended_) return nullptr;
    static thread_local OfThread mine;
    Node* node = mine.Find(id_);
    if (node == nullptr) {
      node = Claim(*list_);
      mine.Add(id_, list_, node);
    }
    last_used_ = {id_, &node->value};
    return &node->value;
  }

  static Node* Claim(List& list) {
    for (Node* node = list.first.load(std::memory_order_acquire); node != nullptr;
         node = node->next) {
      // Acquire: with what the thread before has done.
      bool in_use = false;
      if (node->in_use.compare_exchange_strong(in_use, true, std::memory_order_acquire)) {
        return node;
      }
    }
    auto* node = new Node;
    node->in_use.store(true, std::memory_order_relaxed);
    node->next = list.first.load(std::memory_order_relaxed);
    while (!list.first.compare_exchange_weak(node->next, node, std::memory_order_release,
                                             std::memory_order_relaxed)) {
    }
    return node;
  }

  static thread_local constinit LastUsed last_used_;
  static thread_local constinit bool thread_has_ended_;

  const uint64_t id_ = NextId();  // never used again, other than an address
  const std::shared_ptr<List> list_ = std::make_shared<List>();
};

template <typename T>
thread_local constinit typename PerThread<T>::LastUsed PerThread<T>::last_used_;
template <typename T>
thread_local constinit bool PerThread<T>::thread_has_ended_ = false;

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_PER_THREAD_H_
