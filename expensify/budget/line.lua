-- The order of the queue. Continues `log.lua`.

-- Renew the expiry of an active queue; one unused for a day belongs to a deleted credential.
local function keep_line(state)
  for _, key in ipairs({ TICKETS, AGAIN, FLOWS }) do redis.call('PEXPIRE', key, DAY / 1000) end
  each_line(state, function(line) redis.call('PEXPIRE', line_key(line), DAY / 1000) end)
end

-- Start-time fair queueing on three levels: teams; within a team its lines, one for each lead; within a line its
-- flows. A clock counts the microseconds of service that its owner received, and the lowest clock is next. A clock
-- that was idle starts at the clock of the others, so that nobody accumulates turns. A line's lead is subtracted
-- from its clock: it may get that much service ahead of the others, not more. The teams' clocks start at the real
-- time, so that positions from before a restart come first.
local function line_for(state, ticket)
  local team = state.teams[ticket.team]
  if not team then
    team = { next = 0, serving = 0, since = 0, waiting = 0, lines = {} }
    state.teams[ticket.team] = team
  end
  local name = string.format('%s:%.0f', ticket.team, ticket.lead)
  local line = team.lines[name]
  if not line then
    line = { name = name, lead = ticket.lead, next = 0, serving = 0, since = 0, waiting = 0, owed = 0 }
    team.lines[name] = line
  end
  if team.waiting == 0 then team.next, team.since = math.max(team.next, state.serving), state.joined end
  if line.waiting == 0 then line.next, line.since = math.max(line.next, team.serving), state.joined end
  return line, team
end

-- Delete flows whose turn has passed, before they outnumber the waiting tickets.
local function forget_idle_flows(state)
  if redis.call('HLEN', FLOWS) <= 2 * redis.call('HLEN', TICKETS) + 64 then return end
  local flows, serving = redis.call('HGETALL', FLOWS), {}
  each_line(state, function(line) serving[line.name] = line.serving end)
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
        local line, team = line_for(state, ticket)
        local flow = line.name .. ' ' .. ticket.flow
        local start = math.max(line.serving, tonumber(redis.call('HGET', FLOWS, flow) or 0))
        redis.call('HSET', FLOWS, flow, string.format('%.0f', start + ticket.calls * L.service))
        state.joined = state.joined + 1
        redis.call('ZADD', line_key(line), start + state.joined, ticket.name) -- equal starts go by arrival
        line.waiting, line.owed, team.waiting = line.waiting + 1, line.owed + ticket.calls, team.waiting + 1
        tag = { start, ticket.calls, flow, ticket.team, line.name }
      end
      redis.call('HSET', TICKETS, ticket.name, cmsgpack.pack(tag))
    end
  end
  forget_idle_flows(state)
  keep_line(state)
end

local function is_ahead(clock, since, other, others_since)
  return clock < other or (clock == other and since < others_since)
end

-- The team and line that are next, and the order, which is the run's position for its later calls.
local function next_turn(state)
  local turn
  for _, team in pairs(state.teams) do
    local line
    for _, each in pairs(team.lines) do
      local clock = each.next - each.lead
      if each.waiting > 0 and (not line or is_ahead(clock, each.since, line.next - line.lead, line.since)) then
        line = each
      end
    end
    if line then
      local clock = team.next - line.lead
      if not turn or is_ahead(clock, team.since, turn.clock, turn.team.since) then
        turn = { team = team, line = line, clock = clock, order = clock + state.served + 1 }
      end
    end
  end
  return turn
end

local function leave(team, line, calls)
  line.waiting, line.owed, team.waiting = line.waiting - 1, line.owed - calls, team.waiting - 1
end

local function charge(state, turn, start, calls)
  local team, line = turn.team, turn.line
  state.served = state.served + 1
  state.serving = math.max(state.serving, turn.clock)
  team.serving = math.max(team.serving, line.next - line.lead)
  line.serving = math.max(line.serving, start)
  team.next, line.next = team.next + calls * L.service, line.next + calls * L.service
  leave(team, line, calls)
end

local function take_tag(name)
  local tag = redis.call('HGET', TICKETS, name)
  redis.call('HDEL', TICKETS, name)
  return cmsgpack.unpack(tag)
end

-- Remove the next ticket from the queue: of a run that was served before, or the first of the next line.
local function serve(state)
  local turn, back = next_turn(state), redis.call('ZRANGE', AGAIN, 0, 0, 'WITHSCORES')
  if back[1] and not (turn and turn.order < tonumber(back[2])) then
    redis.call('ZREM', AGAIN, back[1])
    take_tag(back[1])
    return back[1], back[2]
  end
  local name = redis.call('ZPOPMIN', line_key(turn.line))[1]
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
-- tickets and calls before it. Then the state after them: the clocks, and the number of tickets served of each line.
local function course(state, most)
  local after = cmsgpack.unpack(cmsgpack.pack(state))
  local back, names = redis.call('ZRANGE', AGAIN, 0, most - 1, 'WITHSCORES'), {}
  local lines, gone, sequence, before, calls = {}, { again = 0 }, {}, {}, 0
  for i = 1, #back, 2 do table.insert(names, back[i]) end
  each_line(after, function(line)
    lines[line.name], gone[line.name] = redis.call('ZRANGE', line_key(line), 0, most - 1), 0
    for _, name in ipairs(lines[line.name]) do table.insert(names, name) end
  end)
  local tags = tags_of(names)
  while #sequence < most do
    local turn, name, order = next_turn(after), unpack(back, 2 * gone.again + 1, 2 * gone.again + 2)
    if not name and not turn then break end
    if name and not (turn and turn.order < tonumber(order)) then
      gone.again = gone.again + 1
    else
      local line = turn.line.name
      gone[line] = gone[line] + 1
      name, order = lines[line][gone[line]], nil
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
  for _, line in pairs(team.lines) do
    if line.waiting > 0 then
      calls, tickets = calls + line.owed, tickets + line.waiting
      if not first or line.next - line.lead < first.next - first.lead then
        first, second = line, first
      else
        second = line
      end
    end
  end
  if not first then return 0, 0 end
  local alone = first.owed -- the calls that the first line gets while its lead lasts
  if second then alone = calls_between(first.next - first.lead, second.next - second.lead, first.owed) end
  local served = math.max(calls_between(team.next - first.lead, at, alone), calls_between(team.next, at, calls))
  return served, served * tickets / calls
end

-- The tickets and calls served before the ticket at this rank of its line, after those in `after`, by averages.
local function far_back(after, rank, team, line)
  if not line then -- it waits for a later call
    local ahead = rank - after.gone.again
    return ahead, ahead
  end
  local tickets, lead = rank - after.gone[line.name], line.lead
  local calls = tickets * line.owed / line.waiting
  local clock = line.next - line.lead + calls * L.service
  for _, other in pairs(team.lines) do
    if other ~= line and other.waiting > 0 then
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
