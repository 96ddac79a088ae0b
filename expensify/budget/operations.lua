-- The operations of the script. Continues `queue.lua`.

local operations = {}

function operations.introduce()
  return math.max(DOUBTFUL_UNTIL - now, 0)
end

function operations.step()
  local state = open()
  local ticket, order, handle = '', '0', 0
  if ask.token == state.token then state.wake, state.token = 0, '' end
  if ask.done then settle(state, ask.done) end
  if ask.enqueue then join(state, ask.enqueue) end

  local waiting = redis.call('HLEN', TICKETS)
  if ask.pop and waiting > 0 and next_slot(state, false) <= now then
    ticket, order = serve(state)
    handle = now + L.unanswered
    record(state.log, -handle)
    waiting = waiting - 1
  end

  local wake_in, token = -1, ''
  if waiting > 0 then
    local at = math.min(next_slot(state, true), now + LONGEST_WAKE)
    if state.wake == 0 or state.wake > at + TOO_LATE or state.wake + OVERDUE < now then
      token = string.format('%.0f', now)
      state.wake, state.token, wake_in = at, token, at - now
      keep_queue(state)
    end
  end
  save(state, waiting)
  return { handle, ticket, order, wake_in, token, now }
end

-- Refund a flow for its last tickets: cancelling and enqueueing again costs nothing.
function operations.remove()
  local state, gone, left = open(), {}, 0
  for _, name in ipairs(ask.tickets) do
    if redis.call('HEXISTS', TICKETS, name) == 1 then
      local start, calls, flow, team, lane = unpack(take_tag(name))
      left = left + 1
      if flow then
        redis.call('ZREM', AGAIN .. ':' .. lane, name)
        leave(state.teams[team], state.teams[team].lanes[lane], calls)
        table.insert(gone, { start = start, calls = calls, flow = flow })
      else
        redis.call('ZREM', AGAIN, name)
      end
    end
  end
  table.sort(gone, function(a, b) return a.start > b.start end)
  for _, tag in ipairs(gone) do
    local next_start = tonumber(redis.call('HGET', FLOWS, tag.flow) or 0)
    if next_start == tag.start + tag.calls * L.service then
      redis.call('HSET', FLOWS, tag.flow, string.format('%.0f', tag.start))
    end
  end
  save(state, redis.call('HLEN', TICKETS))
  return left
end

function operations.waiting()
  return (course(open(), redis.call('HLEN', TICKETS)))
end

-- Positions are exact near the head, where a single call decides about a window, and averages after that, so that a
-- long queue costs no more than a short one.
local EXACT = 100

-- Return the ages of the calls, latest first; then the facts from which the caller estimates each ticket's time.
function operations.places()
  local state, ages, ranks, ahead = open(), {}, {}, {}
  for i, arrival in ipairs(state.log) do ages[i] = math.max(now - math.abs(arrival), 0) end
  local sequence, before, after = course(state, EXACT)
  local tags = tags_of(ask.tickets)
  for i, name in ipairs(ask.tickets) do
    local found = before[name]
    if found then
      ranks[i], ahead[i] = unpack(found)
    elseif tags[name] then
      local tag = cmsgpack.unpack(tags[name])
      local team = after.teams[tag[4]]
      local rank = redis.call('ZRANK', tag[5] and AGAIN .. ':' .. tag[5] or AGAIN, name)
      local tickets, calls = far_back(after, rank, team, team and team.lanes[tag[5]])
      ranks[i], ahead[i] = math.floor(#sequence + tickets + 0.5), math.floor(after.calls + calls + 0.5)
    else
      ranks[i], ahead[i] = -1, 0
    end
  end
  local quiet = math.max(quiet_until(state) - now, 0)
  return { ages, quiet, state.slack, ranks, ahead }
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
    table.insert(answers, { used, math.max(quiet_until(state) - now, 0), redis.call('HLEN', KEYS[i + 1]) })
  end
  return answers
end

-- Which of many budgets need a step: tickets are missing from the queue, or its wake-up is lost.
function operations.lost()
  local answers = {}
  for i = 2, #KEYS, 2 do
    local state, names, missing = load(KEYS[i]), ask.queues[i / 2], {}
    local tags = tags_of(names, KEYS[i + 1])
    for n, name in ipairs(names) do
      if not tags[name] then table.insert(missing, n - 1) end
    end
    local needs_wake = redis.call('HLEN', KEYS[i + 1]) > 0 and state.wake + OVERDUE < now
    table.insert(answers, { needs_wake and 1 or 0, missing })
  end
  return answers
end

return operations[OPERATION]()
