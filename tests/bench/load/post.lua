-- The request that wrk repeats, and its figures as one line of JSON.
-- Arguments: bytes of the body, then name and value of each header.
function init(args)
  local head, tail = '{"model":"bench","max_tokens":64,"messages":[{"role":"user","content":"', '"}]}'
  wrk.method = "POST"
  wrk.body = head .. string.rep("x", tonumber(args[1]) - #head - #tail) .. tail
  for i = 2, #args, 2 do
    wrk.headers[args[i]] = args[i + 1]
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"count":%d,"microseconds":%d,"p50":%d,"p99":%d,"failures":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
