-- wrk's own summary rounds its figures; this prints them as one JSON line, the last one.
-- Durations are in microseconds. `failed` are answers that are not 2xx or 3xx, and connections
-- that broke under a request or never came about.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "failed": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
