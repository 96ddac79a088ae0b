-- The limit of one budget: the log of its calls, and when the next call may go. This file, `queue.lua` and
-- `operations.lua` are one script. Each operation is one run of it, so operations are atomic. All times are by this
-- server's clock, so the workers' clocks need not agree.
-- Times and durations are whole microseconds (exact in a double until the year 2255).
--
-- `wire.py` puts one line before this text: local L = {gap = {[k] = span, ...}, depth = ..., ...}, the limits.
--
-- KEYS[1]  boot   "<run id> <time>": the server that this data belongs to, and since when calls may be missing in the
--                 logs (0: no calls are missing)
-- then the keys of one budget (`usage` and `lost`: state and tickets of many)
--   state    cmsgpack map, see `load`
--   tickets  hash: ticket -> cmsgpack {start, calls, flow, team, lane}; all tickets in the queue
--   again    sorted set: tickets that returned for a later call, by the order in which they were served
--   flows    hash: "<lane> <flow>" -> the start of its next ticket
-- and for each lane `again` with ":<lane>" appended: sorted set, its tickets by their start
-- ARGV     run id of the server on this connection, operation, its arguments as JSON

if redis.replicate_commands then redis.replicate_commands() end -- 6.2: writes after TIME; a no-op later

local BOOT, STATE, TICKETS, AGAIN, FLOWS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local RUN_ID, OPERATION, ask = ARGV[1], ARGV[2], cjson.decode(ARGV[3])

local SECOND = 1000000
local DAY = 86400 * SECOND
local LONGEST_WAKE = 300 * SECOND  -- a longer wait takes several wake-ups: Celery must not hold a message for hours
local LONGEST_HOLD = 3600 * SECOND -- whatever Retry-After says, look again within the hour
local TOO_LATE = 50000             -- a pending wake-up later than this after the next slot is replaced
local OVERDUE = 2 * SECOND         -- a pending wake-up that is this late is lost

local clock = redis.call('TIME')
local now = clock[1] * SECOND + clock[2]

-- No call before this: a server that has just started, became the primary or was emptied may have lost calls from the
-- logs. They were granted before its mark, and arrived at Expensify at most `unanswered` later.
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

-- The log holds, latest first, the last time at which each call can have reached Expensify. It is negative while the
-- call is unanswered; then it is also the call's handle.
local function record(log, arrival)
  local at = 1
  while log[at] and math.abs(log[at]) > math.abs(arrival) do at = at + 1 end
  table.insert(log, at, arrival)
  log[L.depth + 1] = nil
end

local function blank()
  return {
    log = {},
    refused = 0,     -- no call before this, because of a 429
    slack = 0,       -- added to every gap after Expensify refused a call within the limits
    slack_until = 0,
    wake = 0,        -- when the pending wake-up is due; 0: none is pending
    token = '',      -- the token it carries
    teams = {},      -- clocks of the teams with tickets, see `lane_for`
    serving = 0,     -- the clock that a team starts with when it joins
    joined = 0,      -- how many tickets joined so far
    served = 0,      -- how many of them were served
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
  for i, arrival in ipairs(log) do -- the clock was set back: no call can arrive later than this
    if math.abs(arrival) > latest then log[i] = arrival < 0 and -latest or latest end
  end
  state.refused = math.min(state.refused, now + LONGEST_HOLD)
  if state.slack_until < now then state.slack = 0 end
  return state
end

-- Tickets are useless without their clocks: delete them; the sweep restores them from the database.
local function open()
  local knows = redis.call('EXISTS', STATE) == 1
  local state = load(STATE)
  if redis.call('HLEN', TICKETS) == 0 then
    state.teams = {}
  elseif not knows then
    for _, tag in ipairs(redis.call('HVALS', TICKETS)) do
      local lane = cmsgpack.unpack(tag)[5]
      if lane then redis.call('DEL', AGAIN .. ':' .. lane) end
    end
    redis.call('DEL', TICKETS, AGAIN, FLOWS)
  end
  return state
end

local function quiet_until(state)
  return math.max(state.refused, DOUBTFUL_UNTIL)
end

-- The first time that the limits allow a call. With `earliest`, as if all answers arrived now: no later report can
-- make it earlier, so a wake-up due then is never too late.
local function next_slot(state, earliest)
  local slot = math.max(now, quiet_until(state))
  for k, gap in pairs(L.gap) do
    local arrival = state.log[k]
    if arrival then
      if earliest and arrival < 0 then arrival = math.min(-arrival, now) end
      slot = math.max(slot, math.abs(arrival) + gap + state.slack)
    end
  end
  return slot
end

local function lane_key(lane) return AGAIN .. ':' .. lane.name end

local function each_lane(state, visit)
  for _, team in pairs(state.teams) do
    for _, lane in pairs(team.lanes) do visit(lane, team) end
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

-- The outcome of a call; may be reported twice: then the call is no longer awaited in the log.
local function settle(state, done)
  local handle = done.handle
  local awaited = remove_value(state.log, -handle)
  if done.outcome == 'unanswered' then
    record(state.log, math.max(handle, now)) -- it may have arrived until the caller gave up
  elseif awaited and done.outcome ~= 'not_sent' then
    -- The call arrived before its answer, `ago` before this report was sent; the real time since then is longer.
    record(state.log, math.min(handle, now - (done.ago or 0)))
  end
  if done.outcome == 'refused' then
    local pause = L.shortest
    if now >= state.refused then             -- else it was sent before the refusal that is still in force
      if now < state.refused + L.longest then pause = L.longest end
      state.slack = math.min(state.slack + L.slack_step, L.slack_most)
      state.slack_until = now + DAY
    end
    pause = math.min(done.retry_after or pause, LONGEST_HOLD)
    state.refused = math.max(state.refused, now + pause)
  end
end
