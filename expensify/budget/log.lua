-- The state of one budget: the log of its calls, its queue, its pending wake-up. This file, `line.lua` and
-- `operations.lua` are concatenated to one script. Each operation is one run, so it is atomic. All times come from
-- this Redis server, so the workers' clocks need not agree.
-- All times and spans are whole microseconds (exact in a double until the year 2255).
--
-- `wire.py` prepends one line with the limits: local L = {gap = {[k] = span, ...}, depth = ..., ...}
--
-- KEYS[1]  boot   "<run id> <instant>": the server that wrote this data, and since when its past is in doubt (0: never)
-- then of one budget (`usage`: state and tickets of many)
--   state    cmsgpack map, see `load`
--   tickets  hash: ticket -> cmsgpack {start, calls, flow, team, line}; all waiting tickets
--   again    sorted set: tickets of runs that wait for a later call, by the order in which they were served first
--   flows    hash: "<line> <flow>" -> the start of its next ticket
-- and the key of `again` with the suffix ":<line>" for each line: sorted set of its tickets by their start
-- ARGV     run id of the server of this connection, operation, its arguments as JSON

if redis.replicate_commands then redis.replicate_commands() end -- 6.2: writes after TIME; a no-op later

local BOOT, STATE, TICKETS, AGAIN, FLOWS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local RUN_ID, OPERATION, ask = ARGV[1], ARGV[2], cjson.decode(ARGV[3])

local SECOND = 1000000
local DAY = 86400 * SECOND
local LONGEST_WAKE = 300 * SECOND  -- a longer wait is split: a queue must not hold a message for hours
local LONGEST_HOLD = 3600 * SECOND -- check again within the hour, whatever Retry-After says
local TOO_LATE = 50000             -- replace a pending wake-up that is due later than this after the next slot
local OVERDUE = 2 * SECOND         -- a wake-up that is overdue by this much is lost
local LEASE = 330 * SECOND         -- longer than any call can take (the sum of connect, write and read timeouts)

local clock = redis.call('TIME')
local now = clock[1] * SECOND + clock[2]

-- No call before this time: a server that has just started, taken over or been flushed may have lost calls.
-- All lost calls were granted before its mark, and arrived at most `unanswered` later.
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

-- The log holds, latest first, the latest possible arrival time of each call at Expensify. It is negative while the
-- answer is pending; then its absolute value is also the call's handle.
local function record(log, arrival)
  local at = 1
  while log[at] and math.abs(log[at]) > math.abs(arrival) do at = at + 1 end
  table.insert(log, at, arrival)
  log[L.depth + 1] = nil
end

local function blank()
  return {
    log = {},
    flying = {},     -- handles of calls in progress, kept only when their number is limited
    held = 0,        -- no calls until then: a person paused the budget
    refused = 0,     -- no calls until then: Expensify answered 429
    slack = 0,       -- added to every gap after Expensify refused a call that should have been within the limits
    slack_until = 0,
    wake = 0,        -- due time of the pending wake-up; 0: none
    token = '',      -- the token of the pending wake-up
    teams = {},      -- clocks of the waiting teams, see `line_for`
    serving = 0,     -- the clock of a team that begins to wait starts here
    joined = 0,      -- the number of tickets enqueued so far
    served = 0,      -- the number of tickets served so far
  }
end

local function load(key)
  local raw = redis.call('GET', key)
  local state = raw and cmsgpack.unpack(raw) or {}
  for field, value in pairs(blank()) do -- an older version of this script may have stored fewer fields
    if state[field] == nil then state[field] = value end
  end
  local log, latest = state.log, now + L.unanswered
  while #log > 0 and math.abs(log[#log]) < now - L.horizon do log[#log] = nil end
  for i, arrival in ipairs(log) do -- if the clock was set back: no call can arrive later than `latest`
    if math.abs(arrival) > latest then log[i] = arrival < 0 and -latest or latest end
  end
  while state.flying[1] and state.flying[1] + LEASE < now do table.remove(state.flying, 1) end
  state.held = math.min(state.held, now + LONGEST_HOLD)
  state.refused = math.min(state.refused, now + LONGEST_HOLD)
  if state.slack_until < now then state.slack = 0 end
  return state
end

-- Tickets are useful only with the clocks in the state. Without it they count as lost, and the database restores them.
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
  return math.max(state.held, state.refused, DOUBTFUL_UNTIL)
end

-- The first time that the limits allow. With `hopeful`, as if every pending answer arrived now: the earliest time
-- that later answers can lead to, so that a wake-up at that time is never too late.
local function next_slot(state, hopeful)
  local slot = math.max(now, quiet_until(state))
  for k, gap in pairs(L.gap) do
    local arrival = state.log[k]
    if arrival then
      if hopeful and arrival < 0 then arrival = math.min(-arrival, now) end
      slot = math.max(slot, math.abs(arrival) + gap + state.slack)
    end
  end
  if L.in_flight > 0 and #state.flying >= L.in_flight then
    slot = math.max(slot, state.flying[1] + LEASE)
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
    needed = math.max(needed, state.slack_until, (state.flying[#state.flying] or 0) + LEASE) - now
  end
  redis.call('SET', STATE, cmsgpack.pack(state), 'PX', math.ceil(math.max(needed, SECOND) / 1000))
end

local function remove_value(list, value)
  for i, item in ipairs(list) do
    if item == value then return table.remove(list, i) end
  end
end

-- Record how a call ended. Idempotent: the second time its handle is no longer in the log.
local function settle(state, done)
  local handle = done.handle
  local awaited = remove_value(state.log, -handle)
  remove_value(state.flying, handle)
  if done.outcome == 'unanswered' then
    record(state.log, math.max(handle, now)) -- it may have arrived any time until the caller gave up
  elseif awaited and done.outcome ~= 'not_sent' then
    -- The call arrived before its answer; `ago` is measured by the caller's clock, and can only grow until now.
    record(state.log, math.min(handle, now - (done.ago or 0)))
  end
  if done.outcome == 'refused' then
    local pause = L.shortest
    if now >= state.refused then             -- else the call was sent before the refusal that caused this pause
      if now < state.refused + L.longest then pause = L.longest end
      state.slack = math.min(state.slack + L.slack_step, L.slack_most)
      state.slack_until = now + DAY
    end
    pause = math.min(done.retry_after or pause, LONGEST_HOLD)
    state.refused = math.max(state.refused, now + pause)
  end
end
