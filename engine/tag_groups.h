// Which entries of one shard carry which tag.
#ifndef TRIVET_ENGINE_TAG_GROUPS_H_
#define TRIVET_ENGINE_TAG_GROUPS_H_

#include <cstddef>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "absl/container/btree_map.h"
#include "engine/entry.h"
#include "engine/relaxed.h"
#include "engine/tag_members.h"
#include "engine/tag_table.h"

namespace trivet::engine {

struct TagGroup;

// What entries know of a group, by the number of this block.
struct TagMark {
  TagGroup* group = nullptr;
  Relaxed<bool> doomed = false;  // the tag was invalidated: all members are dead
};

// The entries of a shard that were given one tag since its last invalidation.
struct TagGroup {
  // Null if the arena has no block for the mark.
  static std::unique_ptr<TagGroup> Create(Arena& arena, TagRecord* tag);
  TagGroup(Arena& group_arena, TagMark* block, TagRecord* group_tag);
  TagGroup(const TagGroup&) = delete;
  TagGroup& operator=(const TagGroup&) = delete;
  ~TagGroup();

  Arena& arena;
  TagMark* const mark;
  TagRecord* const tag;  // held while the group has members
  TagMembers members;
  // Where it is among the doomed ones, when it is.
  std::list<std::unique_ptr<TagGroup>>::iterator place = {};
};

// The reverse index of a shard. Invalidating a tag takes its group out of the map and marks it
// doomed, in O(1): from then on every member is dead, and new entries with the tag go into a group
// of their own. The members of doomed groups are then removed a few at a time.
//
// An entry knows its groups and its place in each (Entry::tags), so it leaves a group in O(tags of
// the entry that takes its place).
//
// Not thread-safe: guarded by the shard. Holds on tag records that end here are handed to the
// caller, to be released when the lock is gone; and so are the groups, to be deleted when no reader
// can look at them: IsDoomed needs no lock.
//
// A membership costs 8 bytes in the entry and 4 to 8 in the group.
class TagGroups {
 public:
  explicit TagGroups(Arena& arena) : arena_(arena) {}

  // Enters the entry under each of its tags. REQUIRES: `records` are the entry's tags, as many as
  // Entry::tags has places. Where a new group takes over the caller's hold on a record, that record
  // is removed from `*records`; the caller releases the rest. False, and nothing is changed, if the
  // arena has no room for a new group.
  [[nodiscard]] bool Add(Entry* entry, TagRecords* records);

  // Takes the entry out of all its groups. Those that are empty now are appended to `*emptied`, and
  // the caller takes over their holds on their tags.
  void Remove(Entry* entry, std::vector<std::unique_ptr<TagGroup>>* emptied);

  // `fresh` takes the place of `old` in all its groups. REQUIRES: as many places for tags.
  void Move(Entry* old, Entry* fresh);

  // True if the entry carries a tag that was invalidated after the entry got it. Needs no lock: the
  // groups of an entry are constant once it is linked.
  bool IsDoomed(Entry* entry) const {
    for (const TagMembership& membership : entry->tags()) {
      if (MarkAt(membership.group).doomed) return true;
    }
    return false;
  }

  // The tag of a membership.
  const TagRecord& TagOf(const TagMembership& membership) const { return *GroupOf(membership).tag; }

  // Dooms the members of the tag's group, if there is one.
  void Doom(TagRecord* tag);

  // A member of a doomed group, null if there is none. Removing it from the shard makes progress.
  Entry* NextDoomed() const {
    return doomed_.empty() ? nullptr : EntryAt(doomed_.front()->members.back());
  }

  // What the groups take from the heap, about.
  size_t bytes() const { return bytes_; }

  // Aborts if the structure is broken. For tests.
  void CheckInvariants() const;

 private:
  static size_t BytesOf(const TagGroup& group);
  std::unique_ptr<TagGroup> Drop(TagGroup* group);
  TagMark& MarkAt(uint32_t number) const { return *static_cast<TagMark*>(arena_.At(number)); }
  TagGroup& GroupOf(const TagMembership& membership) const {
    return *MarkAt(membership.group).group;
  }
  Entry* EntryAt(uint32_t number) const { return static_cast<Entry*>(arena_.At(number)); }

  Arena& arena_;
  // A tree: it grows in small steps.
  absl::btree_map<TagRecord*, std::unique_ptr<TagGroup>> groups_;
  std::list<std::unique_ptr<TagGroup>> doomed_;
  size_t bytes_ = 0;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_TAG_GROUPS_H_
