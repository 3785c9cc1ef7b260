-- wrk's requests: questions to Rasa's REST channel. Arguments: file of questions (one JSON string a line), prefix of the senders' ids,
-- number of senders (0: each message is a conversation of its own), number of messages (0: until wrk's time is over), what a good reply holds.
local questions, prefix, senders, messages, expected = {}, "", 0, 0, ""
sent, received, wrong, refused = -1, 0, 0, 0 -- global: done() reads them from the thread
local headers = { ["Content-Type"] = "application/json" }
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  for line in io.lines(arguments[1]) do
    table.insert(questions, line)
  end
  prefix, senders, messages, expected = arguments[2], tonumber(arguments[3]), tonumber(arguments[4]), arguments[5]
  local secret = os.getenv("BOT_REST_SECRET")
  if secret then
    headers["Authorization"] = "Bearer " .. secret
  end
end

function request() -- wrk calls it once more, at the start, to look at what it returns
  local number = math.max(sent, 0)
  local sender = senders > 0 and number % senders or number
  local body = '{"sender": "' .. prefix .. sender .. '", "message": ' .. questions[number % #questions + 1] .. "}"
  sent = sent + 1
  return wrk.format("POST", "/webhooks/rest/webhook", headers, body)
end

function delay() -- milliseconds until the connection's next request
  return messages > 0 and sent >= messages and 3600000 or 0
end

function response(status, _, body)
  received = received + 1
  if status ~= 200 then
    refused = refused + 1
  elseif not string.find(body, expected, 1, true) then
    wrong = wrong + 1
  end
  if received == messages then
    io.stderr:write("all received\n")
    io.stderr:flush()
  end
end

function done(summary, latency, _)
  local of_thread = threads[1]
  print(string.format(
    'RESULT {"replies": %d, "seconds": %f, "wrong": %d, "refused": %d, "lost": %d, "p50": %f, "p95": %f, "p99": %f, "max": %f}',
    summary.requests, summary.duration / 1e6, of_thread:get("wrong"), of_thread:get("refused"),
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3
  ))
end
