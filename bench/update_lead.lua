-- UpdateLead by GET: random leads, each with its buyer's key, every call with an idempotency key of its own.
-- wrk … -s update_lead.lua URL -- SALES SEED KEY…
local STATUSES = { "Contacted", "In%20Progress", "Qualified", "Funded", "Unqualified", "No%20Answer" }
local SUB_STATUSES = {
    { "By%20phone", "By%20text" },
    { "Documents", "Underwriting" },
    { "Verified", "Preferred" },
    { "Full%20Payment", "Partial" },
    { "Credit", "Out%20of%20area" },
    { "Voicemail", "Wrong%20number" },
}
local PATH = "/buyers/api/1/leads.asmx/UpdateLead"
local random, format = math.random, string.format

local threads = {}

function setup(thread)
    thread:set("id", #threads)
    table.insert(threads, thread)
end

function init(args)
    sales = tonumber(args[1])
    math.randomseed(tonumber(args[2]) * 64 + id)
    keys = {}
    for place = 3, #args do
        table.insert(keys, args[place])
    end
    -- Read by `done`; anything but a success is kept as an example.
    sent, succeeded, example = 0, 0, ""
end

function request()
    local number = random(0, sales - 1)
    local status = random(6)
    local amount = random(2) == 1 and random(500) .. ".00" or ""
    local field, value = "", ""
    if random(4) == 1 then
        field, value = "loan_amount", random(100000)
    end
    local query = format(
        "lead_id=%d&buyer_contract_id=%d&status=%s&sub_status=%s&amount=%s&add_to_existing=true&field_name=%s"
            .. "&field_value=%s&return_reason_id=0",
        10000000 + number, 1 + number % (2 * #keys), STATUSES[status], SUB_STATUSES[status][random(2)], amount, field, value
    )
    sent = sent + 1
    return wrk.format("GET", PATH .. "?" .. query, {
        ["X-Api-Key"] = keys[1 + number % #keys],
        ["Idempotency-Key"] = format(
            "%08x-%04x-%04x-%04x-%04x%08x", random(0, 2 ^ 31), random(0, 65535), random(0, 65535), random(0, 65535),
            random(0, 65535), random(0, 2 ^ 31)
        ),
    })
end

function response(status, headers, body)
    if status == 200 and body:find("<success>true</success>", 1, true) then
        succeeded = succeeded + 1
    else
        example = status .. " " .. body
    end
end

function done(summary, latency, requests)
    local sent_in_all, succeeded_in_all, last_example = 0, 0, ""
    for _, thread in ipairs(threads) do
        sent_in_all = sent_in_all + thread:get("sent")
        succeeded_in_all = succeeded_in_all + thread:get("succeeded")
        if thread:get("example") ~= "" then
            last_example = thread:get("example")
        end
    end
    local errors = summary.errors
    io.write(format(
        '\n{"sent": %d, "succeeded": %d, "answers": %d, "microseconds": %d, "lost": %d, "mean_us": %.1f, "p50_us": %d,'
            .. ' "p99_us": %d, "example": "%s"}\n',
        sent_in_all, succeeded_in_all, summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.timeout, latency.mean, latency:percentile(50),
        latency:percentile(99), last_example:gsub("[^ -~]", " "):gsub('["\\]', "'")
    ))
end
