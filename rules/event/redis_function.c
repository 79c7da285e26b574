/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One call is one transaction: Redis runs it whole or refuses it whole (-OOM, -READONLY
 * come before its first line). Sequences stay exact in Lua's doubles up to 2^53.
 */
#include "rules/event/redis_function.h"

static const char text[] =
    "#!lua name=earshot\n"
    "local VERSION = 1\n"
    "\n"
    "local function whole(text, what)\n"
    "  local n = tonumber(text)\n"
    "  if n == nil or n < 0 or n ~= math.floor(n) or n > 9007199254740991 then\n"
    "    error('earshot: ' .. what .. ' is not a whole number')\n"
    "  end\n"
    "  return n\n"
    "end\n"
    "\n"
    "local function last_of(key, field)\n"
    "  return whole(redis.call('HGET', key, field) or '0', 'the last sequence')\n"
    "end\n"
    "\n"
    "local function ear_append(keys, args)\n"
    "  local stream, seqs, field = keys[1], keys[2], args[1]\n"
    "  local first, maxlen = whole(args[2], 'the first sequence'), args[3]\n"
    "  local sensor, boot = string.match(field, '^([^/]*)/([^/]*)/')\n"
    "  if not sensor then\n"
    "    return redis.error_reply('ERR earshot: the field is not sensor/boot/lane')\n"
    "  end\n"
    "  local last = last_of(seqs, field)\n"
    "  if first > last + 1 and args[4] ~= '1' then\n"
    "    return { 'GAP', last }\n"
    "  end\n"
    "  for i = 5, #args do\n"
    "    local seq = first + i - 5\n"
    "    if seq > last then\n"
    "      redis.call('XADD', stream, 'MAXLEN', '~', maxlen, '*', 's', sensor, "
    "'b', boot,\n"
    "        'n', string.format('%.0f', seq), 'e', args[i])\n"
    "    end\n"
    "  end\n"
    "  local final = first + #args - 5\n"
    "  if #args >= 5 and final > last then\n"
    "    redis.call('HSET', seqs, field, string.format('%.0f', final))\n"
    "    last = final\n"
    "  end\n"
    "  return { 'OK', last }\n"
    "end\n"
    "\n"
    "redis.register_function('ear_append', ear_append)\n"
    "redis.register_function{ function_name = 'ear_last', flags = { 'no-writes' },\n"
    "  callback = function(keys, args) return last_of(keys[1], args[1]) end }\n"
    "redis.register_function{ function_name = 'ear_version', flags = { 'no-writes' },\n"
    "  callback = function() return VERSION end }\n";

const char *
redis_function_text(void)
{
	return text;
}
