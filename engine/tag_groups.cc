#include "engine/tag_groups.h"

#include <algorithm>
#include <utility>

#include "engine/check.h"

namespace trivet::engine {

size_t TagGroups::BytesOf(const TagGroup& group) {
  // The group, its place in the map, and its list as it is allocated.
  constexpr size_t kFixed = sizeof(TagGroup) + 3 * sizeof(void*);
  // The record of the tag and its place in the table of the namespace, with the name in both.
  // Groups of other shards count it too: rather too much than too little.
  const size_t record = sizeof(TagRecord) + 2 * (group.tag->name().size() + 5 * sizeof(void*));
  return kFixed + record + group.members.capacity() * sizeof(Entry*);
}

void TagGroups::Add(Entry* entry, TagRecords* records) {
  TRIVET_DCHECK(entry->tags().size() == records->size(), "a place for each tag");
  size_t kept = 0;
  for (size_t i = 0; i < records->size(); ++i) {
    TagRecord* record = (*records)[i];
    std::unique_ptr<TagGroup>& group = groups_[record];
    if (group == nullptr) {
      group = std::make_unique<TagGroup>();
      group->tag = record;  // with the caller's hold
    } else {
      bytes_ -= BytesOf(*group);
      (*records)[kept++] = record;
    }
    entry->tags()[i] = {group.get(), static_cast<uint32_t>(group->members.size())};
    group->members.push_back(entry);
    bytes_ += BytesOf(*group);
  }
  records->resize(kept);
}

void TagGroups::Remove(Entry* entry, std::vector<std::unique_ptr<TagGroup>>* emptied) {
  for (TagMembership& membership : entry->tags()) {
    TagGroup* group = membership.group;
    Entry* last = group->members.back();
    group->members[membership.position] = last;
    for (TagMembership& moved : last->tags()) {
      if (moved.group == group) moved.position = membership.position;
    }
    group->members.pop_back();
    if (group->members.empty()) emptied->push_back(Drop(group));
  }
}

void TagGroups::Move(Entry* old, Entry* fresh) {
  for (size_t i = 0; i < old->tags().size(); ++i) {
    const TagMembership membership = old->tags()[i];
    fresh->tags()[i] = membership;
    membership.group->members[membership.position] = fresh;
  }
}

std::unique_ptr<TagGroup> TagGroups::Drop(TagGroup* group) {
  bytes_ -= BytesOf(*group);
  if (!group->doomed) return std::move(groups_.extract(group->tag).mapped());
  // Nearly always the first, which NextDoomed works on.
  const auto it = std::find_if(doomed_.begin(), doomed_.end(),
                               [group](const auto& doomed) { return doomed.get() == group; });
  std::unique_ptr<TagGroup> dropped = std::move(*it);
  doomed_.erase(it);
  return dropped;
}

void TagGroups::Doom(TagRecord* tag) {
  const auto it = groups_.find(tag);
  if (it == groups_.end()) return;
  it->second->doomed = true;
  doomed_.push_back(std::move(it->second));
  groups_.erase(it);
}

void TagGroups::CheckInvariants() const {
  size_t bytes = 0;
  const auto check = [&bytes](TagGroup& group, bool doomed) {
    TRIVET_CHECK(group.doomed == doomed, "a doomed group among the living, or the reverse");
    TRIVET_CHECK(!group.members.empty(), "an empty group stays");
    for (size_t i = 0; i < group.members.size(); ++i) {
      const auto tags = group.members[i]->tags();
      TRIVET_CHECK(std::any_of(tags.begin(), tags.end(),
                               [&](const TagMembership& membership) {
                                 return membership.group == &group && membership.position == i;
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
