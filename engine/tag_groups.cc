#include "engine/tag_groups.h"

#include <algorithm>
#include <utility>

#include "engine/check.h"

namespace trivet::engine {

std::unique_ptr<TagGroup> TagGroup::Create(Arena& arena, TagRecord* tag) {
  void* const block = arena.Allocate(sizeof(TagMark));
  if (block == nullptr) return nullptr;
  return std::make_unique<TagGroup>(arena, new (block) TagMark, tag);
}

TagGroup::TagGroup(Arena& group_arena, TagMark* block, TagRecord* group_tag)
    : arena(group_arena), mark(block), tag(group_tag) {
  mark->group = this;
}

TagGroup::~TagGroup() { arena.Free(mark, Arena::BlockBytes(sizeof(TagMark))); }

size_t TagGroups::BytesOf(const TagGroup& group) {
  // The group, its place in the map, and its list as it is allocated.
  constexpr size_t kFixed = sizeof(TagGroup) + sizeof(TagMark) + 3 * sizeof(void*);
  // The record of the tag and its place in the table of the namespace. Groups of other shards count
  // it too: rather too much than too little.
  const size_t record = sizeof(TagRecord) + group.tag->name().size() + 5 * sizeof(void*);
  return kFixed + record + group.members.bytes();
}

bool TagGroups::Add(Entry* entry, TagRecords* records) {
  TRIVET_DCHECK(entry->tags().size() == records->size(), "a place for each tag");
  // First what may fail. A group without members is one that was made just now.
  absl::InlinedVector<TagGroup*, 4> groups;
  for (TagRecord* record : *records) {
    std::unique_ptr<TagGroup>& group = groups_[record];
    if (group == nullptr) group = TagGroup::Create(arena_, record);
    if (group == nullptr) {
      groups_.erase(record);
      for (const TagGroup* made : groups) {
        if (made->members.empty()) groups_.erase(made->tag);
      }
      return false;
    }
    groups.push_back(group.get());
  }
  size_t kept = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    TagGroup* const group = groups[i];
    if (!group->members.empty()) {
      bytes_ -= BytesOf(*group);
      (*records)[kept++] = group->tag;
    }  // else with the caller's hold
    entry->tags()[i] = {arena_.NumberOf(group->mark), static_cast<uint32_t>(group->members.size())};
    group->members.push_back(arena_.NumberOf(entry));
    bytes_ += BytesOf(*group);
  }
  records->resize(kept);
  return true;
}

void TagGroups::Remove(Entry* entry, std::vector<std::unique_ptr<TagGroup>>* emptied) {
  for (const TagMembership& membership : entry->tags()) {
    TagGroup& group = GroupOf(membership);
    bytes_ -= group.members.bytes();
    const uint32_t last = group.members.back();
    group.members[membership.position] = last;
    for (TagMembership& moved : EntryAt(last)->tags()) {
      if (moved.group == membership.group) moved.position = membership.position;
    }
    group.members.pop_back();
    bytes_ += group.members.bytes();
    if (group.members.empty()) emptied->push_back(Drop(&group));
  }
}

void TagGroups::Move(Entry* old, Entry* fresh) {
  for (size_t i = 0; i < old->tags().size(); ++i) {
    const TagMembership membership = old->tags()[i];
    fresh->tags()[i] = membership;
    GroupOf(membership).members[membership.position] = arena_.NumberOf(fresh);
  }
}

std::unique_ptr<TagGroup> TagGroups::Drop(TagGroup* group) {
  bytes_ -= BytesOf(*group);
  if (!group->mark->doomed) return std::move(groups_.extract(group->tag).mapped());
  std::unique_ptr<TagGroup> dropped = std::move(*group->place);
  doomed_.erase(group->place);
  return dropped;
}

void TagGroups::Doom(TagRecord* tag) {
  const auto it = groups_.find(tag);
  if (it == groups_.end()) return;
  TagGroup& group = *it->second;
  group.mark->doomed = true;
  group.place = doomed_.insert(doomed_.end(), std::move(it->second));
  groups_.erase(it);
}

void TagGroups::CheckInvariants() const {
  size_t bytes = 0;
  const auto check = [&bytes, this](TagGroup& group, bool doomed) {
    TRIVET_CHECK(group.mark->doomed == doomed && group.mark->group == &group,
                 "a doomed group among the living, or the reverse");
    TRIVET_CHECK(!group.members.empty(), "an empty group stays");
    for (size_t i = 0; i < group.members.size(); ++i) {
      const auto tags = EntryAt(group.members[i])->tags();
      const uint32_t mark = arena_.NumberOf(group.mark);
      TRIVET_CHECK(std::any_of(tags.begin(), tags.end(),
                               [&](const TagMembership& membership) {
                                 return membership.group == mark && membership.position == i;
                               }),
                   "a member does not know its place");
    }
    bytes += BytesOf(group);
  };
  for (const auto& [record, group] : groups_) {
    TRIVET_CHECK(group->tag == record, "a group under another tag");
    check(*group, false);
  }
  for (const auto& group : doomed_) check(*group, true);
  TRIVET_CHECK(bytes == bytes_, "the tag groups miscount their bytes");
}

}  // namespace trivet::engine
