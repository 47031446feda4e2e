-- What wrk sends: every body of a file in turn; what it has measured comes out as JSON.

local bodies, number = {}, 0

function init()
  local path = os.getenv("SERVING_PATH")
  for line in io.lines(os.getenv("SERVING_BODIES")) do
    local headers = { ["Content-Type"] = "application/json" }
    bodies[#bodies + 1] = wrk.format("POST", path, headers, line)
  end
end

function request()
  number = number % #bodies + 1
  return bodies[number]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "bytes": %d, "connect": %d, "read": %d, "write": %d, ' ..
    '"status": %d, "timeout": %d, "median": %.1f, "percentile_99": %.1f, "max": %.1f}\n',
    summary.requests, summary.duration, summary.bytes, errors.connect, errors.read, errors.write,
    errors.status, errors.timeout, latency:percentile(50), latency:percentile(99), latency.max))
end
