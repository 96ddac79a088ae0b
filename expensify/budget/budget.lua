-- One budget: the log of its calls, its line, its pending wake. Every operation is one run of this script,
-- so it happens alone; every instant is this server's, so the workers' clocks need not agree.
-- All times and spans are whole microseconds (exact in a double until the year 2255).
--
-- `wire.py` puts one line before this text: local L = {gap = {[k] = span, ...}, depth = ..., ...}, the limits.
--
-- KEYS[1]  boot   "<run id> <instant>": the server this data belongs to, and since when its past is in doubt (0: never)
-- then of one budget (`usage`: state and line of many)
--   state  cmsgpack map, see `load`
--   line   sorted set: ticket by order
--   tags   hash: ticket -> "<start> <calls> <flow>"
--   flows  hash: flow -> the start its next ticket gets
-- ARGV     run id of the server on this connection, operation, its arguments as JSON

if redis.replicate_commands then redis.replicate_commands() end -- 6.2: writes after TIME; a no-op later

local BOOT, STATE, LINE, TAGS, FLOWS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local RUN_ID, OPERATION, ask = ARGV[1], ARGV[2], cjson.decode(ARGV[3])

local SECOND = 1000000
local DAY = 86400 * SECOND
local LONGEST_WAKE = 300 * SECOND  -- a longer wait is slept in pieces: a queue must not hold a message for hours
local LONGEST_HOLD = 3600 * SECOND -- whatever Retry-After says, look again within the hour
local TOO_LATE = 50000             -- a pending wake later than this after the next slot is replaced
local OVERDUE = 2 * SECOND         -- a pending wake that has not come by then is lost
local LEASE = 330 * SECOND         -- longer than any call may take (connect, write and read timeouts together)

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

local function load(key)
  local raw = redis.call('GET', key)
  local state = raw and cmsgpack.unpack(raw) or {
    log = {},
    flying = {},     -- handles of calls under way, kept only when their number is capped
    held = 0,        -- somebody asked for quiet until then
    refused = 0,     -- a 429 asked for quiet until then
    slack = 0,       -- added to every gap since Expensify refused a call that should have been fine
    slack_until = 0,
    wake = 0,        -- when the pending wake is due; 0: none is pending
    token = '',      -- and the word it will say
    serving = 0,     -- virtual time: the start tag of the last ticket served
    joined = 0,      -- tickets that were given a place so far
    owed = 0,        -- calls the waiting tickets stand for
  }
  local log, latest = state.log, now + L.unanswered
  while #log > 0 and math.abs(log[#log]) < now - L.horizon do log[#log] = nil end
  for i, arrival in ipairs(log) do -- the clock was set back: no call can arrive later than this
    if math.abs(arrival) > latest then log[i] = arrival < 0 and -latest or latest end
  end
  while state.flying[1] and state.flying[1] + LEASE < now do table.remove(state.flying, 1) end
  state.held = math.min(state.held, now + LONGEST_HOLD)
  state.refused = math.min(state.refused, now + LONGEST_HOLD)
  if state.slack_until < now then state.slack = 0 end
  return state
end

local function quiet_until(state)
  return math.max(state.held, state.refused, DOUBTFUL_UNTIL)
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
  if L.in_flight > 0 and #state.flying >= L.in_flight then
    slot = math.max(slot, state.flying[1] + LEASE)
  end
  return slot
end

local function save(state, waiting)
  local needed = DAY
  if waiting == 0 then
    redis.call('DEL', TAGS, FLOWS)
    state.owed = 0
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

-- What became of a call. It may be told twice: then it is no longer in the log.
local function settle(state, done)
  local handle = done.handle
  local awaited = remove_value(state.log, -handle)
  remove_value(state.flying, handle)
  if done.outcome == 'unanswered' then
    record(state.log, math.max(handle, now)) -- it may have arrived until it was given up
  elseif awaited and done.outcome ~= 'not_sent' then
    record(state.log, math.min(handle, now)) -- it arrived before its answer did
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

-- A line that moves is kept; one that nobody has asked about for a day belongs to a credential long gone.
local function keep_line()
  for _, key in ipairs({ LINE, TAGS, FLOWS }) do redis.call('PEXPIRE', key, DAY / 1000) end
end

-- Flows whose turn has passed need not be remembered; cleared before they outnumber the line.
local function forget_idle_flows(state)
  if redis.call('HLEN', FLOWS) <= 2 * redis.call('ZCARD', LINE) + 64 then return end
  local flows = redis.call('HGETALL', FLOWS)
  for i = 1, #flows, 2 do
    if tonumber(flows[i + 1]) <= state.serving then redis.call('HDEL', FLOWS, flows[i]) end
  end
end

-- Start-time fair queueing: a ticket starts when its flow's last one ends, but not in the past. Virtual time
-- is microseconds of service; it begins at the clock, so places kept from an earlier life come first.
local function join(state, tickets)
  if state.serving == 0 then state.serving = now end
  for _, ticket in ipairs(tickets) do
    if not redis.call('ZSCORE', LINE, ticket.name) then
      local start, order = 0, ticket.order
      if not order then
        start = math.max(state.serving, tonumber(redis.call('HGET', FLOWS, ticket.flow) or 0))
        redis.call('HSET', FLOWS, ticket.flow, string.format('%.0f', start + ticket.calls * L.service))
        state.joined = state.joined + 1
        order = start - ticket.lead + state.joined -- equal starts go by arrival, not by name
      end
      state.owed = state.owed + ticket.calls
      redis.call('ZADD', LINE, order, ticket.name)
      redis.call('HSET', TAGS, ticket.name, string.format('%.0f %d %s', start, ticket.calls, ticket.flow))
    end
  end
  forget_idle_flows(state)
  keep_line()
end

local function take_tag(state, name)
  local tag = redis.call('HGET', TAGS, name) or '0 1 '
  redis.call('HDEL', TAGS, name)
  local start, calls, flow = string.match(tag, '^(%d+) (%d+) (.*)$')
  state.owed = math.max(state.owed - calls, 0)
  return { start = tonumber(start), calls = tonumber(calls), flow = flow }
end

local operations = {}

function operations.introduce()
  return math.max(DOUBTFUL_UNTIL - now, 0)
end

function operations.step()
  local state = load(STATE)
  local ticket, order, handle = '', '0', 0
  if ask.token == state.token then state.wake, state.token = 0, '' end
  if ask.done then settle(state, ask.done) end
  if ask.enqueue then join(state, ask.enqueue) end

  local waiting = redis.call('ZCARD', LINE)
  if ask.pop and waiting > 0 and next_slot(state, false) <= now then
    ticket, order = unpack(redis.call('ZPOPMIN', LINE))
    state.serving = math.max(state.serving, take_tag(state, ticket).start)
    handle = now + L.unanswered
    record(state.log, -handle)
    if L.in_flight > 0 then table.insert(state.flying, handle) end
    waiting = waiting - 1
  end

  local wake_in, token = -1, ''
  if waiting > 0 then
    local at = math.min(next_slot(state, true), now + LONGEST_WAKE)
    if state.wake == 0 or state.wake > at + TOO_LATE or state.wake + OVERDUE < now then
      token = string.format('%.0f', now)
      state.wake, state.token, wake_in = at, token, at - now
      keep_line()
    end
  end
  save(state, waiting)
  return { handle, ticket, order, wake_in, token }
end

-- A flow gets back what its last tickets were charged: whoever cancels and starts over loses nothing.
function operations.remove()
  local state, left = load(STATE), {}
  for _, name in ipairs(ask.tickets) do
    if redis.call('ZREM', LINE, name) == 1 then table.insert(left, take_tag(state, name)) end
  end
  table.sort(left, function(a, b) return a.start > b.start end)
  for _, tag in ipairs(left) do
    local next_start = tonumber(redis.call('HGET', FLOWS, tag.flow) or 0)
    if tag.start > 0 and next_start == tag.start + tag.calls * L.service then
      redis.call('HSET', FLOWS, tag.flow, string.format('%.0f', tag.start))
    end
  end
  save(state, redis.call('ZCARD', LINE))
  return #left
end

function operations.hold()
  local state = load(STATE)
  state.held = math.max(state.held, now + math.min(ask.span, LONGEST_HOLD))
  save(state, redis.call('ZCARD', LINE))
  return state.held - now
end

-- How many calls stand ahead of each rank: exact near the head, where a single call decides about a window, and
-- by the average of the rest further back, so that a long line costs no more than a short one.
local EXACT = 100

local function calls_ahead(state, ranks)
  local head = redis.call('ZRANGE', LINE, 0, EXACT - 1)
  local tags = #head > 0 and redis.call('HMGET', TAGS, unpack(head)) or {}
  local sums, sum = {}, 0
  for i = 1, #head do
    sums[i] = sum
    sum = sum + tonumber(string.match(tags[i] or '', '^%d+ (%d+)') or 1)
  end
  local beyond = redis.call('ZCARD', LINE) - #head
  local average = beyond > 0 and math.max(state.owed - sum, beyond) / beyond or 0
  local ahead = {}
  for i, rank in ipairs(ranks) do
    ahead[i] = sums[rank + 1] or math.floor(sum + (rank - #head) * average + 0.5)
  end
  return ahead
end

-- Ages of the calls, latest first; then what the caller needs to work out when each place's turn comes.
function operations.places()
  local state, ages, ranks = load(STATE), {}, {}
  for i, arrival in ipairs(state.log) do ages[i] = math.max(now - math.abs(arrival), 0) end
  for i, name in ipairs(ask.tickets) do ranks[i] = redis.call('ZRANK', LINE, name) or -1 end
  local quiet = math.max(quiet_until(state) - now, 0)
  return { ages, quiet, state.slack, ranks, calls_ahead(state, ranks) }
end

function operations.usage()
  local answers = {}
  for i = 2, #KEYS, 2 do
    local state, used = load(KEYS[i]), {}
    for w, span in ipairs(ask.windows) do
      used[w] = 0
      for _, arrival in ipairs(state.log) do
        if math.abs(arrival) > now - span then used[w] = used[w] + 1 end
      end
    end
    table.insert(answers, { used, math.max(quiet_until(state) - now, 0), redis.call('ZCARD', KEYS[i + 1]) })
  end
  return answers
end

return operations[OPERATION]()
