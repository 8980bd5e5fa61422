#include "sync/tier_scripts.h"

#include <initializer_list>
#include <string>
#include <utility>

namespace trivet::sync {
namespace {

// The flag of what must work also where there is no memory left: it frees more than it takes.
constexpr char kAlways[] = "#!lua flags=allow-oom\n";
constexpr char kWithMemory[] = "#!lua\n";

constexpr char kCurrentOnly[] = R"(
local part = redis.call('HMGET', KEYS[1], 'gen', 'seq', 'forgotten')
if part[1] ~= ARGV[1] then return false end
)";

// Numbers do not fit into Lua's: versions are compared by halves, sequences stay below 2^53.
constexpr char kSlots[] = R"(
local VALUE, CLAIM, TOMB, WRITING = 1, 2, 3, 4
local NOTHING = string.rep('\0', 8)

-- What is of another type is none of ours, and is in the way of what has to be told.
local function look(key)
  local mark = redis.pcall('GETRANGE', key, 0, 23)
  if type(mark) ~= 'string' then
    redis.call('UNLINK', key)
    mark = ''
  end
  local slot = {bytes = #mark, state = 0, dirtied = false, token = NOTHING, version = NOTHING}
  if #mark >= 16 then slot.token = string.sub(mark, 9, 16) end
  if #mark == 24 and string.sub(mark, 1, 3) == 'tV\1' then
    slot.state = string.byte(mark, 4)
    slot.dirtied = string.byte(mark, 5) % 2 == 1
    slot.version = string.sub(mark, 17, 24)
  end
  return slot
end

local function put(key, bytes, life)
  if life == '0' then
    redis.call('SET', key, bytes)
  else
    redis.call('SET', key, bytes, 'PX', life)
  end
end

local function mark(key, state, token, version, life)
  put(key, 'tV\1' .. string.char(state) .. '\0\0\0\0' .. token .. version, life)
end

local function at_least(a, b)
  local a_low, a_high = struct.unpack('<I4I4', a)
  local b_low, b_high = struct.unpack('<I4I4', b)
  if a_high ~= b_high then return a_high > b_high end
  return a_low >= b_low
end

local function newest(a, b)
  if at_least(a, b) then return a end
  return b
end
)";

// Whether one of the tags in ARGV from `first` on was invalidated after `birth`.
constexpr char kStamps[] = R"(
local function stamped(first, birth)
  if #ARGV < first then return false end
  local stamps = redis.call('HMGET', KEYS[1], unpack(ARGV, first))
  for i = 1, #stamps do
    if tonumber(stamps[i] or part[3] or 0) > tonumber(birth) then return true end
  end
  return false
end
)";

// Numbers so many changes and tells all who listen. Returns the number of the last one.
constexpr char kPublish[] = R"(
local function publish(count)
  local last = redis.call('HINCRBY', KEYS[1], 'seq', count)
  local first = struct.pack('<I8', last - count + 1)
  redis.call('PUBLISH', ARGV[2], ARGV[3] .. first .. ARGV[4] .. first)
  return last
end
)";

// What a change does to a key if it brings no value of its own.
constexpr char kTell[] = R"(
local function tell(key, slot, own, token, version, life)
  if slot.state == WRITING and not own then
    if version == NOTHING then
      redis.call('SETRANGE', key, 4, '\1')
    else
      redis.call('SETRANGE', key, 16, newest(slot.version, version))
    end
  elseif slot.state == VALUE and version ~= NOTHING and at_least(slot.version, version) then
    return
  else
    mark(key, TOMB, token, newest(slot.version, version), life)
  end
end
)";

constexpr char kClaimOver[] = R"(
local slot = look(KEYS[2])
if slot.bytes > 0 and slot.token ~= ARGV[3] then return {0, 0} end
mark(KEYS[2], CLAIM, ARGV[2], slot.version, ARGV[4])
return {1, tonumber(part[2] or 0)}
)";

constexpr char kStore[] = R"(
local slot = look(KEYS[2])
if slot.state ~= tonumber(ARGV[2]) or slot.token ~= ARGV[3] then return {0, 0} end
if stamped(7, ARGV[4]) then
  redis.call('UNLINK', KEYS[2])
  return {0, 0}
end
put(KEYS[2], ARGV[6], ARGV[5])
return {1, 0}
)";

constexpr char kBeginWrite[] = R"(
mark(KEYS[2], WRITING, ARGV[5], look(KEYS[2]).version, ARGV[6])
return {1, publish(1)}
)";

constexpr char kEndWrite[] = R"(
local slot = look(KEYS[2])
local token, version = ARGV[5], ARGV[6]
local own = slot.state == WRITING and slot.token == token
local in_order = not slot.dirtied and (version == NOTHING or not at_least(slot.version, version))
local won = 0
if own and in_order and #ARGV >= 10 and not stamped(11, ARGV[8]) then
  put(KEYS[2], ARGV[10], ARGV[9])
  won = 1
else
  tell(KEYS[2], slot, own, token, version, ARGV[7])
end
return {won, publish(1)}
)";

constexpr char kInvalidate[] = R"(
for i = 2, #KEYS do tell(KEYS[i], look(KEYS[i]), false, NOTHING, ARGV[4 + i], ARGV[5]) end
return {0, publish(#KEYS - 1)}
)";

// Stamps beyond the limit go, the older ones of a random few, and are remembered in one number: to
// have forgotten too much only costs loads.
constexpr char kInvalidateTags[] = R"(
local count = #ARGV - 5
local last = publish(count)
for i = 1, count do redis.call('HSET', KEYS[1], ARGV[5 + i], last - count + i) end
if redis.call('HLEN', KEYS[1]) - 4 > tonumber(ARGV[5]) then
  local some = redis.call('HRANDFIELD', KEYS[1], 2 * count + 14, 'WITHVALUES')
  local stamps = {}
  for i = 1, #some, 2 do
    if string.sub(some[i], 1, 2) == 't:' then
      stamps[#stamps + 1] = {some[i], tonumber(some[i + 1])}
    end
  end
  table.sort(stamps, function(a, b) return a[2] < b[2] end)
  local forgotten = tonumber(part[3] or 0)
  for i = 1, math.ceil(#stamps / 2) do
    redis.call('HDEL', KEYS[1], stamps[i][1])
    forgotten = math.max(forgotten, stamps[i][2])
  end
  redis.call('HSET', KEYS[1], 'forgotten', forgotten)
end
return {0, last}
)";

constexpr char kPattern[] = "return {0, publish(1)}";

// Of the stamps nothing is left to be asked for: what is born from now on is younger than all.
constexpr char kBegin[] = R"(
local function begin(generation, run)
  local number = publish(1)
  redis.call('UNLINK', KEYS[1])
  redis.call('HSET', KEYS[1], 'gen', generation, 'seq', number, 'run', run, 'forgotten', number)
  return number
end
)";

constexpr char kClear[] = R"(
return {0, begin(ARGV[5], redis.call('HGET', KEYS[1], 'run') or '')}
)";

constexpr char kFence[] = R"(
local info = redis.pcall('INFO', 'server')
if type(info) ~= 'string' then return redis.error_reply('NOPERM no right to INFO') end
local run = string.match(info, 'run_id:(%w+)')
local part = redis.call('HMGET', KEYS[1], 'gen', 'seq', 'run')
if part[1] and part[3] == run then return {part[1], tonumber(part[2] or 0), run} end
return {ARGV[1], begin(ARGV[1], run), run}
)";

constexpr char kState[] = R"(
local part = redis.call('HMGET', KEYS[1], 'gen', 'seq')
return {part[1] or '', tonumber(part[2] or 0)}
)";

// A script that is made of pieces once and lives for ever.
Script& Made(std::initializer_list<const char*> pieces) {
  std::string text;
  for (const char* piece : pieces) text += piece;
  return *new Script(std::move(text));
}

}  // namespace

const TierScripts& Scripts() {
  static const TierScripts scripts{
      .claim_over = Made({kWithMemory, kCurrentOnly, kSlots, kClaimOver}),
      .store = Made({kWithMemory, kCurrentOnly, kSlots, kStamps, kStore}),
      .begin_write = Made({kWithMemory, kCurrentOnly, kSlots, kPublish, kBeginWrite}),
      .end_write = Made({kAlways, kCurrentOnly, kSlots, kStamps, kPublish, kTell, kEndWrite}),
      .invalidate = Made({kAlways, kCurrentOnly, kSlots, kPublish, kTell, kInvalidate}),
      .invalidate_tags = Made({kAlways, kCurrentOnly, kPublish, kInvalidateTags}),
      .pattern = Made({kAlways, kCurrentOnly, kPublish, kPattern}),
      .clear = Made({kAlways, kCurrentOnly, kPublish, kBegin, kClear}),
      .fence = Made({kAlways, kPublish, kBegin, kFence}),
      .state = Made({kAlways, kState}),
  };
  return scripts;
}

}  // namespace trivet::sync
