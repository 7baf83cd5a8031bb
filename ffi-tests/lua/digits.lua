-- Trains a classifier of handwritten digits. Worker processes, which are this script again,
-- prepare batches of shifted, noisy images; the host learns from them.

package.path = arg[0]:match "^(.*)/" .. "/?.lua;" .. package.path
local ffi = require "ffi"
local jobexec = require "jobexec"
local C, OK = jobexec.C, jobexec.OK

local PIXELS, CLASSES, BATCH, BATCHES, EPOCHS = 64, 10, 32, 45, 20
local WIDTH = PIXELS + 1 -- The label comes last.

local function read(path) -- Every fifth is held out.
    local training, held_out = {}, {}
    for line in io.lines(path) do
        local digit = {}
        for number in line:gmatch "%d+" do digit[#digit + 1] = tonumber(number) end
        local part = (#training + #held_out) % 5 == 0 and held_out or training
        part[#part + 1] = digit
    end
    return training, held_out
end

-- On a worker: the job's seed decides which digits go into a batch, how shifted, how noisy.
local function augment(digits)
    return function(job)
        math.randomseed(tonumber(C.jobexec_job_seed(job) % 2 ^ 31))
        local batch = ffi.cast("float *", C.jobexec_job_output(job))
        for row = 0, BATCH - 1 do
            local digit, to = digits[math.random(#digits)], batch + row * WIDTH
            local shift = ({ -1, 0, 0, 0, 0, 0, 0, 0, 1 })[math.random(9)]
            for i = 0, PIXELS - 1 do
                local x = i % 8 + shift
                to[i] = (x >= 0 and x < 8 and digit[i + shift + 1] or 0) + math.random()
            end
            to[PIXELS] = digit[WIDTH]
        end
        jobexec.check(C.jobexec_job_set_output(job, BATCH * WIDTH * 4))
    end
end

-- Moves the weights towards an image's label. Whether that was the likeliest before.
local function learn(weights, image, label, rate)
    local chances, sum, best = {}, 0, 0
    for class = 0, CLASSES - 1 do
        local power = 0
        for i = 0, PIXELS - 1 do power = power + weights[class * PIXELS + i] * image[i] end
        chances[class] = math.exp(power)
        sum = sum + chances[class]
        if chances[class] > chances[best] then best = class end
    end
    for class = 0, CLASSES - 1 do
        local step = rate * ((class == label and 1 or 0) - chances[class] / sum)
        for i = 0, PIXELS - 1 do
            weights[class * PIXELS + i] = weights[class * PIXELS + i] + step * image[i]
        end
    end
    return best == label
end

local path = arg[1] or "ffi-tests/data/optdigits.csv"
local training, held_out = read(path)
if C.jobexec_is_worker() == 1 then return jobexec.serve(augment(training)) end

local exec = jobexec.start({ arg[-1], arg[0], path }, BATCH * WIDTH * 4)
local weights = ffi.new("double[?]", CLASSES * PIXELS)
local result = ffi.new("jobexec_result", { size = ffi.sizeof "jobexec_result" })
local buffer, held, trained = ffi.new "void *[1]", false, 0
while trained < EPOCHS * BATCHES do
    held = held or C.jobexec_buffer_acquire(exec, buffer) == OK
    if held and C.jobexec_put(exec, buffer[0], nil) == OK then
        held = false
    else
        jobexec.check(C.jobexec_poll_wait(exec, 10 * jobexec.SECOND, result))
        assert(result.outcome == jobexec.OUTCOME_DONE, ffi.string(result.message))
        local batch = ffi.cast("float *", result.output)
        for row = 0, BATCH - 1 do
            local image = batch + row * WIDTH
            learn(weights, image, image[PIXELS], 0.0002)
        end
        jobexec.check(C.jobexec_buffer_release(exec, result.payload))
        trained = trained + 1
        if trained % BATCHES == 0 then jobexec.check(C.jobexec_reset(exec, nil)) end
    end
end

local right = 0
for _, digit in ipairs(held_out) do
    local image = ffi.new("float[?]", WIDTH, digit)
    if learn(weights, image, digit[WIDTH], 0) then right = right + 1 end
end
jobexec.check(C.jobexec_close(exec, jobexec.SECOND))
jobexec.check(C.jobexec_free(exec))
print(("accuracy on %d held-out digits: %.1f %%"):format(#held_out, 100 * right / #held_out))
os.exit(right >= 0.9 * #held_out and 0 or 1)
