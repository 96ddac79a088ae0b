-- The order of the queue. Continues `limit.lua`.

-- Renew the expiry of an active queue; one unused for a day belongs to a deleted credential.
local function keep_queue(state)
  for _, key in ipairs({ TICKETS, AGAIN, FLOWS }) do redis.call('PEXPIRE', key, DAY / 1000) end
  each_lane(state, function(lane) redis.call('PEXPIRE', lane_key(lane), DAY / 1000) end)
end

-- Start-time fair queueing on three levels: teams; within a team its lanes, one for each lead; within a lane its
-- flows. Each has a clock of the budget time that its calls used, and the lowest clock is next. A clock that was idle
-- starts at the clock of the others, so that nobody accumulates turns. A lane's lead is subtracted from its clock: it
-- may use that much budget time ahead of the others, not more. The teams' clocks start at the real time, so that
-- positions from before a restart come first.
local function lane_for(state, ticket)
  local team = state.teams[ticket.team]
  if not team then
    team = { next = 0, serving = 0, since = 0, waiting = 0, lanes = {} }
    state.teams[ticket.team] = team
  end
  local name = string.format('%s:%.0f', ticket.team, ticket.lead)
  local lane = team.lanes[name]
  if not lane then
    lane = { name = name, lead = ticket.lead, next = 0, serving = 0, since = 0, waiting = 0, owed = 0 }
    team.lanes[name] = lane
  end
  if team.waiting == 0 then team.next, team.since = math.max(team.next, state.serving), state.joined end
  if lane.waiting == 0 then lane.next, lane.since = math.max(lane.next, team.serving), state.joined end
  return lane, team
end

-- Delete flows whose turn has passed, before they outnumber the waiting tickets.
local function forget_idle_flows(state)
  if redis.call('HLEN', FLOWS) <= 2 * redis.call('HLEN', TICKETS) + 64 then return end
  local flows, serving = redis.call('HGETALL', FLOWS), {}
  each_lane(state, function(lane) serving[lane.name] = lane.serving end)
  for i = 1, #flows, 2 do
    if tonumber(flows[i + 1]) <= serving[string.match(flows[i], '^%S+')] then redis.call('HDEL', FLOWS, flows[i]) end
  end
end

-- A ticket starts when the last one of its flow ends, but not in the past. A returning run was charged before.
local function join(state, tickets)
  if state.serving == 0 then state.serving = now end
  for _, ticket in ipairs(tickets) do
    if redis.call('HEXISTS', TICKETS, ticket.name) == 0 then
      local tag = { 0, ticket.calls }
      if ticket.order then
        redis.call('ZADD', AGAIN, ticket.order, ticket.name)
      else
        local lane, team = lane_for(state, ticket)
        local flow = lane.name .. ' ' .. ticket.flow
        local start = math.max(lane.serving, tonumber(redis.call('HGET', FLOWS, flow) or 0))
        redis.call('HSET', FLOWS, flow, string.format('%.0f', start + ticket.calls * L.service))
        state.joined = state.joined + 1
        redis.call('ZADD', lane_key(lane), start + state.joined, ticket.name) -- equal starts go by arrival
        lane.waiting, lane.owed, team.waiting = lane.waiting + 1, lane.owed + ticket.calls, team.waiting + 1
        tag = { start, ticket.calls, flow, ticket.team, lane.name }
      end
      redis.call('HSET', TICKETS, ticket.name, cmsgpack.pack(tag))
    end
  end
  forget_idle_flows(state)
  keep_queue(state)
end

local function is_ahead(clock, since, other, others_since)
  return clock < other or (clock == other and since < others_since)
end

-- The team and lane that are next, and the order, which is the run's position for its later calls.
local function next_turn(state)
  local turn
  for _, team in pairs(state.teams) do
    local lane
    for _, each in pairs(team.lanes) do
      local clock = each.next - each.lead
      if each.waiting > 0 and (not lane or is_ahead(clock, each.since, lane.next - lane.lead, lane.since)) then
        lane = each
      end
    end
    if lane then
      local clock = team.next - lane.lead
      if not turn or is_ahead(clock, team.since, turn.clock, turn.team.since) then
        turn = { team = team, lane = lane, clock = clock, order = clock + state.served + 1 }
      end
    end
  end
  return turn
end

local function leave(team, lane, calls)
  lane.waiting, lane.owed, team.waiting = lane.waiting - 1, lane.owed - calls, team.waiting - 1
end

local function charge(state, turn, start, calls)
  local team, lane = turn.team, turn.lane
  state.served = state.served + 1
  state.serving = math.max(state.serving, turn.clock)
  team.serving = math.max(team.serving, lane.next - lane.lead)
  lane.serving = math.max(lane.serving, start)
  team.next, lane.next = team.next + calls * L.service, lane.next + calls * L.service
  leave(team, lane, calls)
end

local function take_tag(name)
  local tag = redis.call('HGET', TICKETS, name)
  redis.call('HDEL', TICKETS, name)
  return cmsgpack.unpack(tag)
end

-- Remove the next ticket from the queue: of a run that was served before, or the first of the next lane.
local function serve(state)
  local turn, back = next_turn(state), redis.call('ZRANGE', AGAIN, 0, 0, 'WITHSCORES')
  if back[1] and not (turn and turn.order < tonumber(back[2])) then
    redis.call('ZREM', AGAIN, back[1])
    take_tag(back[1])
    return back[1], back[2]
  end
  local name = redis.call('ZPOPMIN', lane_key(turn.lane))[1]
  local start, calls = unpack(take_tag(name))
  charge(state, turn, start, calls)
  return name, string.format('%.0f', turn.order)
end

local function tags_of(names, tickets)
  local tags = {}
  for first = 1, #names, 1000 do -- Lua limits the number of arguments
    local last = math.min(first + 999, #names)
    for i, tag in ipairs(redis.call('HMGET', tickets or TICKETS, unpack(names, first, last))) do
      tags[names[first + i - 1]] = tag
    end
  end
  return tags
end

-- The first `most` tickets in the order in which they are served if no ticket joins, and for each the number of
-- tickets and calls before it. Then the state after them: the clocks, and the number of tickets served of each lane.
local function course(state, most)
  local after = cmsgpack.unpack(cmsgpack.pack(state))
  local back, names = redis.call('ZRANGE', AGAIN, 0, most - 1, 'WITHSCORES'), {}
  local lanes, gone, sequence, before, calls = {}, { again = 0 }, {}, {}, 0
  for i = 1, #back, 2 do table.insert(names, back[i]) end
  each_lane(after, function(lane)
    lanes[lane.name], gone[lane.name] = redis.call('ZRANGE', lane_key(lane), 0, most - 1), 0
    for _, name in ipairs(lanes[lane.name]) do table.insert(names, name) end
  end)
  local tags = tags_of(names)
  while #sequence < most do
    local turn, name, order = next_turn(after), unpack(back, 2 * gone.again + 1, 2 * gone.again + 2)
    if not name and not turn then break end
    if name and not (turn and turn.order < tonumber(order)) then
      gone.again = gone.again + 1
    else
      local lane = turn.lane.name
      gone[lane] = gone[lane] + 1
      name, order = lanes[lane][gone[lane]], nil
    end
    local tag = cmsgpack.unpack(tags[name])
    if not order then charge(after, turn, tag[1], tag[2]) end
    table.insert(sequence, name)
    before[name] = { #sequence - 1, calls }
    calls = calls + tag[2]
  end
  return sequence, before, { teams = after.teams, gone = gone, calls = calls }
end

-- The distance between two clocks in calls, at most `most`.
local function calls_between(from, to, most)
  return math.min(math.max((to - from) / L.service, 0), most)
end

-- The calls and tickets that a team is served before a ticket of order `at`.
local function served_by(team, at)
  local first, second, calls, tickets = nil, nil, 0, 0
  for _, lane in pairs(team.lanes) do
    if lane.waiting > 0 then
      calls, tickets = calls + lane.owed, tickets + lane.waiting
      if not first or lane.next - lane.lead < first.next - first.lead then
        first, second = lane, first
      else
        second = lane
      end
    end
  end
  if not first then return 0, 0 end
  local alone = first.owed -- the calls that the first lane gets while its lead lasts
  if second then alone = calls_between(first.next - first.lead, second.next - second.lead, first.owed) end
  local served = math.max(calls_between(team.next - first.lead, at, alone), calls_between(team.next, at, calls))
  return served, served * tickets / calls
end

-- The tickets and calls served before the ticket at this rank of its lane, after those in `after`, by averages.
local function far_back(after, rank, team, lane)
  if not lane then -- it waits for a later call
    local ahead = rank - after.gone.again
    return ahead, ahead
  end
  local tickets, lead = rank - after.gone[lane.name], lane.lead
  local calls = tickets * lane.owed / lane.waiting
  local clock = lane.next - lane.lead + calls * L.service
  for _, other in pairs(team.lanes) do
    if other ~= lane and other.waiting > 0 then
      local passing = calls_between(other.next - other.lead, clock, other.owed)
      calls, tickets = calls + passing, tickets + passing * other.waiting / other.owed
      if passing >= 1 then lead = math.min(lead, other.lead) end -- it waits behind them
    end
  end
  local at = team.next - lead + calls * L.service
  for _, other in pairs(after.teams) do
    if other ~= team then
      local passing, passing_tickets = served_by(other, at)
      calls, tickets = calls + passing, tickets + passing_tickets
    end
  end
  local backs = redis.call('ZCARD', AGAIN) - after.gone.again
  return backs + tickets, backs + calls
end
