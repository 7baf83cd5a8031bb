-- libjobexec by LuaJIT's FFI. The declarations are those of the installed jobexec.h, which
-- pkg-config finds. LuaJIT cannot be called back on other threads, so its workers are processes
-- that ask for their jobs.

local ffi = require "ffi"

local function ask(variable)
    local pipe = assert(io.popen("pkg-config --variable=" .. variable .. " jobexec"))
    local answer = pipe:read "*l"
    pipe:close()
    return assert(answer, "pkg-config does not know jobexec")
end

local file = assert(io.open(ask "includedir" .. "/jobexec.h"))
local header = file:read "*a"
file:close()
ffi.cdef((header:gsub("#ifdef __cplusplus.-#endif[^\n]*", ""):gsub("#[^\n]*", "")))

local jobexec = { C = ffi.load(ask "libdir" .. "/libjobexec.so.0"), SECOND = 1000000000ULL }
for name, value in header:gmatch "#define JOBEXEC_([%u_]+) (%-?%d+)" do
    jobexec[name] = tonumber(value)
end

-- Raises what a call answered, unless it is JOBEXEC_OK.
function jobexec.check(status)
    if status ~= jobexec.OK then
        local text = ffi.string(jobexec.C.jobexec_status_text(status))
        error(text .. ": " .. ffi.string(jobexec.C.jobexec_last_error()), 2)
    end
end

-- Starts processes that run a command, a list of words.
function jobexec.start(command, output_bytes)
    local config = ffi.new("jobexec_config", { size = ffi.sizeof "jobexec_config" })
    jobexec.check(jobexec.C.jobexec_config_init(config))
    local argv = ffi.new("const char *[?]", #command + 1, command)
    argv[#command] = nil -- What the list leaves out is not cleared.
    config.worker_kind, config.argv = jobexec.WORKERS_ARE_PROCESSES, argv
    config.output_bytes = output_bytes
    local exec = ffi.new "jobexec_executor *[1]"
    jobexec.check(jobexec.C.jobexec_start(config, 10 * jobexec.SECOND, exec))
    return exec[0]
end

-- Serves as a worker until the executor closes: run(job) fills each job's output.
function jobexec.serve(run)
    local job, input = ffi.new "jobexec_job *[1]", ffi.new "void *[1]"
    while jobexec.C.jobexec_worker_next(-1ULL, job, input) == jobexec.OK do
        local ran, message = pcall(run, job[0])
        if not ran then jobexec.C.jobexec_job_set_message(job[0], tostring(message)) end
        jobexec.check(jobexec.C.jobexec_worker_done(job[0], ran and 0 or 1))
    end
end

return jobexec
