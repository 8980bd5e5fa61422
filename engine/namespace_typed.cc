// Views of namespaces that hold objects.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/core.h"
#include "engine/load_source.h"
#include "engine/names.h"
#include "trivet/typed_view.h"

namespace trivet::engine {

TypedView::TypedView(Namespace view, const TypeOps* type) : view_(std::move(view)) {
  if (!view_.status().ok() || view_.state_->HoldsObjects(type)) return;
  view_ = Namespace(absl::FailedPreconditionError(
      "the namespace holds bytes already, or objects of another type or codec"));
}

bool TypedView::Visit(std::string_view key, absl::FunctionRef<void(const void*)> visit) const {
  if (!view_.IsReadable(key)) return false;
  MemoryTier& memory = view_.core_->memory();
  return memory.Read(memory.Ref(view_.state_, key),
                     [visit](Entry* entry) { visit(entry->object()); });
}

Value TypedView::Find(std::string_view key) const {
  if (!view_.IsReadable(key)) return Value();
  return view_.core_->memory().Find(view_.core_->memory().Ref(view_.state_, key));
}

absl::StatusOr<Result> TypedView::Get(std::string_view key) {
  if (absl::Status status = view_.Check(key); !status.ok()) return status;
  return view_.ReadThrough(key, nullptr);
}

absl::StatusOr<Result> TypedView::GetOrLoad(std::string_view key, ObjectLoader loader) {
  if (absl::Status status = view_.Check(key); !status.ok()) return status;
  LiveObject object;
  const auto load = [&](Load& of) -> Loaded {
    absl::StatusOr<std::optional<LiveObject>> loaded = loader(of);
    if (!loaded.ok()) return loaded.status();
    if (!loaded->has_value()) return std::nullopt;
    object = **std::move(loaded);
    return std::string();
  };
  const LoadSource source{.load = load, .object = &object};
  return view_.ReadThrough(key, &source);
}

std::vector<absl::StatusOr<Result>> TypedView::MGet(std::span<const std::string_view> keys) {
  if (absl::Status open = view_.CheckOpen(); !open.ok()) {
    return std::vector<absl::StatusOr<Result>>(keys.size(), open);
  }
  return view_.ReadManyThrough(keys);
}

absl::StatusOr<SetResult> TypedView::Set(std::string_view key, LiveObject object,
                                         const SetOptions& options) {
  const Namespace::Item item{.key = key, .value = {}};
  if (absl::Status status = CheckSet({&item, 1}, {&object, 1}, options); !status.ok()) {
    return status;
  }
  if (!view_.UsesStore()) return view_.SetInMemory(item, options, &object);
  const auto results = SetInStore({&item, 1}, {&object, 1}, options);
  if (!results.ok()) return results.status();
  return results->front();
}

absl::StatusOr<std::vector<SetResult>> TypedView::MSet(std::span<const std::string_view> keys,
                                                       std::span<LiveObject> objects,
                                                       const SetOptions& options) {
  std::vector<Namespace::Item> items;
  items.reserve(keys.size());
  for (const std::string_view key : keys) items.push_back({.key = key, .value = {}});
  if (absl::Status status = CheckSet(items, objects, options); !status.ok()) return status;
  if (!view_.UsesStore()) return view_.SetEachInMemory(items, options, objects);
  return SetInStore(items, objects, options);
}

absl::Status TypedView::CheckSet(std::span<const Namespace::Item> items,
                                 std::span<const LiveObject> objects,
                                 const SetOptions& options) const {
  if (absl::Status status = view_.CheckSet(items, options); !status.ok()) return status;
  const size_t limit = view_.core_->options().value_bytes_max;
  for (const LiveObject& object : objects) {
    if (absl::Status status = CheckValueSize(object.bytes(), limit); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SetResult>> TypedView::SetInStore(std::span<const Namespace::Item> items,
                                                             std::span<LiveObject> objects,
                                                             const SetOptions& options) {
  const size_t limit = view_.core_->options().value_bytes_max;
  std::vector<std::string> encoded;  // all of them, before the store is asked
  encoded.reserve(items.size());
  std::vector<Namespace::Item> rows(items.begin(), items.end());
  for (size_t i = 0; i < rows.size(); ++i) {
    absl::StatusOr<std::string> bytes = objects[i].ops()->encode(objects[i].get());
    if (!bytes.ok()) return bytes.status();
    if (absl::Status status = CheckValueSize(bytes->size(), limit); !status.ok()) return status;
    rows[i].value = encoded.emplace_back(*std::move(bytes));
  }
  return view_.SetThrough(rows, options, objects);
}

absl::StatusOr<Value> TypedView::Take(std::string_view key, Coherence* told) {
  if (absl::Status status = view_.Check(key); !status.ok()) return status;
  return view_.TakeThrough(key, told);
}

const void* TypedView::ObjectOf(const Value& value, const TypeOps* type) {
  const Entry* entry = EntryLedger::EntryOf(value);
  if (entry == nullptr || !entry->is_typed() || *entry->type()->identity != *type->identity) {
    return nullptr;
  }
  return entry->object();
}

absl::Status TypedView::RunCodec(absl::FunctionRef<absl::Status()> run) {
  try {
    return run();
  } catch (...) {
    return absl::InternalError("the codec threw an exception");
  }
}

absl::Status TypedView::CheckBytes(size_t bytes) {
  if (bytes <= kValueBytesCeiling) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the codec tells of ", bytes, " bytes, at most ",
                                                 kValueBytesCeiling, " are possible"));
}

}  // namespace trivet::engine
