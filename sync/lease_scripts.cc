#include "sync/lease_scripts.h"

namespace trivet::sync {
namespace {

// A lease is the owner and, behind it, the fencing token. The hash holds the run_id of the server
// that the grace was decided for ("run"), its end by the server's clock ("grace"), and the longest
// lease that anybody was told he may have ("longest"); all in one key, so that they are lost
// together. The token is never behind the clock, so that it grows also where the counter was lost.
constexpr char kAcquire[] = R"(#!lua
local info = redis.pcall('INFO', 'server')
if type(info) ~= 'string' then return redis.error_reply('NOPERM no right to INFO') end
local run = string.match(info, 'run_id:(%w+)')
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local all = redis.call('HMGET', KEYS[3], 'run', 'grace', 'longest')
local longest = math.max(tonumber(all[3] or 0), tonumber(ARGV[3]))
local grace = tonumber(all[2] or 0)
if all[1] ~= run then
  grace = now + longest
  if not all[1] and ARGV[5] == '1' then grace = 0 end
end
grace = math.min(grace, now + longest)
if all[1] ~= run or longest ~= tonumber(all[3] or 0) then
  redis.call('HSET', KEYS[3], 'run', run, 'grace', string.format('%.0f', grace), 'longest', longest)
end

local lease = redis.call('GET', KEYS[1])
if lease then
  if string.sub(lease, 1, 16) == ARGV[1] then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return {'acquired', tonumber(string.sub(lease, 17))}
  end
  return {'busy', redis.call('PTTL', KEYS[1])}
end
if grace > now then return {'grace', grace - now} end

local before = tonumber(redis.call('GET', KEYS[2]) or 0)
local token = string.format('%.0f', math.max(before + 1, time[1] * 1000000 + time[2]))
redis.call('SET', KEYS[2], token, 'PX', ARGV[4])
redis.call('SET', KEYS[1], ARGV[1] .. token, 'PX', ARGV[2])
return {'acquired', tonumber(token)}
)";

constexpr char kRenew[] = R"(#!lua flags=allow-oom
if redis.call('GETRANGE', KEYS[1], 0, 15) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
)";

constexpr char kRelease[] = R"(#!lua flags=allow-oom
if redis.call('GETRANGE', KEYS[1], 0, 15) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1
)";

Script& Made(const char* text) { return *new Script(text); }

}  // namespace

const LeaseScripts& ScriptsOfLeases() {
  static const LeaseScripts scripts{
      .acquire = Made(kAcquire), .renew = Made(kRenew), .release = Made(kRelease)};
  return scripts;
}

}  // namespace trivet::sync
