-- One budget: the log of its calls, its line, its pending wake. This file, `line.lua` and `operations.lua` are one
-- script. Every operation is one run of it, so it happens alone; every instant is this server's, so the workers'
-- clocks need not agree.
-- All times and spans are whole microseconds (exact in a double until the year 2255).
--
-- `wire.py` puts one line before this text: local L = {gap = {[k] = span, ...}, depth = ..., ...}, the limits.
--
-- KEYS[1]  boot   "<run id> <instant>": the server this data belongs to, and since when its past is in doubt (0: never)
-- then of one budget (`usage`: state and tickets of many)
--   state    cmsgpack map, see `load`
--   tickets  hash: ticket -> cmsgpack {start, calls, flow, team, line}; everybody who waits
--   again    sorted set: tickets that are back for a later call, by the order they were served in
--   flows    hash: "<line> <flow>" -> the start its next ticket gets
-- and `again` with ":<line>" behind it for each line: sorted set, its tickets by their start
-- ARGV     run id of the server on this connection, operation, its arguments as JSON

if redis.replicate_commands then redis.replicate_commands() end -- 6.2: writes after TIME; a no-op later

local BOOT, STATE, TICKETS, AGAIN, FLOWS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local RUN_ID, OPERATION, ask = ARGV[1], ARGV[2], cjson.decode(ARGV[3])

local SECOND = 1000000
local DAY = 86400 * SECOND
local LONGEST_WAKE = 300 * SECOND  -- a longer wait is slept in pieces: a queue must not hold a message for hours
local LONGEST_HOLD = 3600 * SECOND -- whatever Retry-After says, look again within the hour
local TOO_LATE = 50000             -- a pending wake later than this after the next slot is replaced
local OVERDUE = 2 * SECOND         -- a pending wake that has not come by then is lost

local clock = redis.call('TIME')
local now = clock[1] * SECOND + clock[2]

-- No call before this: a server that has just started, took over or was emptied may have forgotten calls.
-- Everything it forgot was granted before its mark, and has arrived `unanswered` later at the latest.
local function doubtful_until()
  local mark = redis.call('GET', BOOT) or ''
  local run_id, since = string.match(mark, '^(%S+) (%d+)$')
  if run_id ~= RUN_ID then
    local trusted = mark == '' and OPERATION == 'introduce' and ask.fresh
    since = trusted and '0' or string.format('%.0f', now)
    redis.call('SET', BOOT, RUN_ID .. ' ' .. since)
  end
  since = math.min(tonumber(since), now)
  return since > 0 and since + L.unanswered + L.gap[L.depth] or 0
end

local DOUBTFUL_UNTIL = doubtful_until()

-- The log holds, latest first, the last instant at which each call can have reached Expensify;
-- negative while its answer is awaited, when that instant is also the call's handle.
local function record(log, arrival)
  local at = 1
  while log[at] and math.abs(log[at]) > math.abs(arrival) do at = at + 1 end
  table.insert(log, at, arrival)
  log[L.depth + 1] = nil
end

local function blank()
  return {
    log = {},
    refused = 0,     -- a 429 asked for quiet until then
    slack = 0,       -- added to every gap since Expensify refused a call that should have been fine
    slack_until = 0,
    wake = 0,        -- when the pending wake is due; 0: none is pending
    token = '',      -- and the word it will say
    teams = {},      -- clocks of those who wait, see `line_for`
    serving = 0,     -- where the clock of a team that begins to wait is set to
    joined = 0,      -- tickets that were given a place so far
    served = 0,      -- and those whose turn has come
  }
end

local function load(key)
  local raw = redis.call('GET', key)
  local state = raw and cmsgpack.unpack(raw) or {}
  for field, value in pairs(blank()) do -- an older version of this script may have kept less
    if state[field] == nil then state[field] = value end
  end
  local log, latest = state.log, now + L.unanswered
  while #log > 0 and math.abs(log[#log]) < now - L.horizon do log[#log] = nil end
  for i, arrival in ipairs(log) do -- the clock was set back: no call can arrive later than this
    if math.abs(arrival) > latest then log[i] = arrival < 0 and -latest or latest end
  end
  state.refused = math.min(state.refused, now + LONGEST_HOLD)
  if state.slack_until < now then state.slack = 0 end
  return state
end

-- What waits is of use only with the clocks it waits by. Without them it counts as lost, and the rows put it back.
local function open()
  local knows = redis.call('EXISTS', STATE) == 1
  local state = load(STATE)
  if redis.call('HLEN', TICKETS) == 0 then
    state.teams = {}
  elseif not knows then
    for _, tag in ipairs(redis.call('HVALS', TICKETS)) do
      local line = cmsgpack.unpack(tag)[5]
      if line then redis.call('DEL', AGAIN .. ':' .. line) end
    end
    redis.call('DEL', TICKETS, AGAIN, FLOWS)
  end
  return state
end

local function quiet_until(state)
  return math.max(state.refused, DOUBTFUL_UNTIL)
end

-- The first instant the limits allow. With `hopeful`, as if every answer awaited came this moment:
-- the earliest that later news can make it, so that a wake set for it is never too late.
local function next_slot(state, hopeful)
  local slot = math.max(now, quiet_until(state))
  for k, gap in pairs(L.gap) do
    local arrival = state.log[k]
    if arrival then
      if hopeful and arrival < 0 then arrival = math.min(-arrival, now) end
      slot = math.max(slot, math.abs(arrival) + gap + state.slack)
    end
  end
  return slot
end

local function line_key(line) return AGAIN .. ':' .. line.name end

local function each_line(state, visit)
  for _, team in pairs(state.teams) do
    for _, line in pairs(team.lines) do visit(line, team) end
  end
end

local function save(state, waiting)
  local needed = DAY
  if waiting == 0 then
    redis.call('DEL', FLOWS)
    state.teams = {}
    needed = math.max(math.abs(state.log[1] or 0), quiet_until(state)) + L.horizon
    needed = math.max(needed, state.slack_until) - now
  end
  redis.call('SET', STATE, cmsgpack.pack(state), 'PX', math.ceil(math.max(needed, SECOND) / 1000))
end

local function remove_value(list, value)
  for i, item in ipairs(list) do
    if item == value then return table.remove(list, i) end
  end
end

-- What became of a call. It may be told twice: then it is no longer in the log.
local function settle(state, done)
  local handle = done.handle
  local awaited = remove_value(state.log, -handle)
  if done.outcome == 'unanswered' then
    record(state.log, math.max(handle, now)) -- it may have arrived until it was given up
  elseif awaited and done.outcome ~= 'not_sent' then
    -- It arrived before its answer did; `ago` is a span by the caller's clock, and only gets longer on its way here.
    record(state.log, math.min(handle, now - (done.ago or 0)))
  end
  if done.outcome == 'refused' then
    local pause = L.shortest
    if now >= state.refused then             -- else: sent before the refusal that is being waited out
      if now < state.refused + L.longest then pause = L.longest end
      state.slack = math.min(state.slack + L.slack_step, L.slack_most)
      state.slack_until = now + DAY
    end
    pause = math.min(done.retry_after or pause, LONGEST_HOLD)
    state.refused = math.max(state.refused, now + pause)
  end
end
