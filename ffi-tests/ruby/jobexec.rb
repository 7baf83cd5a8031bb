# libjobexec by Fiddle. Structures and constants are those of the installed jobexec.h, which
# pkg-config finds. Ruby cannot be called back on other threads, so its workers are processes that
# ask for their jobs.

require "fiddle/import"

module Jobexec
  extend Fiddle::Importer

  def self.ask(variable)
    answer = `pkg-config --variable=#{variable} jobexec`.chomp
    answer.empty? ? raise("pkg-config does not know jobexec") : answer
  end

  dlload File.join(ask("libdir"), "libjobexec.so.0")
  header = File.read(File.join(ask("includedir"), "jobexec.h")).gsub(%r{/\*.*?\*/}m, "")

  header.scan(/#define JOBEXEC_([A-Z_]+) (-?\d+)/) { |name, value| const_set(name, value.to_i) }

  fields = lambda do |name|
    body = header[/typedef struct #{name} \{(.*?)\n\}/m, 1]
    body.split(";").map(&:strip).reject(&:empty?).map do |field|
      case field
      when /\*(\w+)\z/, /\Ajobexec_(?!outcome)\w+ (\w+)\z/ then "void *#{$1}" # Functions, too.
      else field.sub("jobexec_outcome", "int32_t")
      end
    end
  end
  Config = struct fields["jobexec_config"]
  Result = struct fields["jobexec_result"]

  extern "const char *jobexec_last_error()"
  extern "int jobexec_config_init(void *config)"
  extern "int jobexec_start(void *config, uint64_t timeout_ns, void *exec)"
  extern "int jobexec_buffer_acquire(void *exec, void *input)"
  extern "int jobexec_buffer_release(void *exec, void *input)"
  extern "int jobexec_put(void *exec, void *payload, void *job_id)"
  extern "int jobexec_poll_wait(void *exec, uint64_t timeout_ns, void *result)"
  extern "int jobexec_reset(void *exec, void *discarded)"
  extern "int jobexec_close(void *exec, uint64_t timeout_ns)"
  extern "int jobexec_free(void *exec)"
  extern "int jobexec_is_worker()"
  extern "int jobexec_worker_next(uint64_t timeout_ns, void *job, void *input)"
  extern "int jobexec_worker_done(void *job, int code)"
  extern "uint64_t jobexec_job_seed(void *job)"
  extern "void *jobexec_job_output(void *job)"
  extern "uint64_t jobexec_job_output_bytes(void *job)"
  extern "int jobexec_job_set_output(void *job, uint64_t bytes)"
  extern "int jobexec_job_set_message(void *job, const char *text)"

  SECOND = 1_000_000_000
  FOREVER = 2**64 - 1

  def self.check(status)
    raise "#{status}: #{jobexec_last_error}" unless status == OK
  end

  # What a function writes to the pointer that it is given, if it answers OK.
  def self.pointer
    place = Fiddle::Pointer.malloc(Fiddle::SIZEOF_VOIDP, Fiddle::RUBY_FREE)
    status = yield place
    [status, place.ptr]
  end

  # An executor whose workers are processes that run a command, a list of words.
  class Executor
    def initialize(command, output_bytes)
      words = command.map { |word| Fiddle::Pointer[word] }
      config = Config.malloc(Fiddle::RUBY_FREE)
      config.size = Config.size
      Jobexec.check(Jobexec.jobexec_config_init(config))
      argv = Fiddle::Pointer[[*words.map(&:to_i), 0].pack("J*")]
      config.worker_kind = WORKERS_ARE_PROCESSES
      config.argv = argv
      config.output_bytes = output_bytes
      status, @exec = Jobexec.pointer { |place| Jobexec.jobexec_start(config, 10 * SECOND, place) }
      Jobexec.check(status)
      @result = Result.malloc(Fiddle::RUBY_FREE)
      @result.size = Result.size
    end

    # Puts one more job, unless it is full.
    def put
      if @buffer.nil?
        status, buffer = Jobexec.pointer { |place| Jobexec.jobexec_buffer_acquire(@exec, place) }
        return false unless status == OK
        @buffer = buffer
      end
      return false unless Jobexec.jobexec_put(@exec, @buffer, nil) == OK
      @buffer = nil
      true
    end

    # Waits for a result and yields the bytes of its output.
    def poll
      Jobexec.check(Jobexec.jobexec_poll_wait(@exec, 10 * SECOND, @result))
      unless @result.outcome == OUTCOME_DONE
        raise @result.message.take_while(&:nonzero?).pack("c*")
      end
      yield @result.output[0, @result.output_bytes]
      Jobexec.check(Jobexec.jobexec_buffer_release(@exec, @result.payload))
    end

    def reset = Jobexec.check(Jobexec.jobexec_reset(@exec, nil))

    def close
      Jobexec.check(Jobexec.jobexec_close(@exec, SECOND))
      Jobexec.check(Jobexec.jobexec_free(@exec))
    end
  end

  def self.worker? = jobexec_is_worker == 1

  # Serves as a worker until the executor closes: the block answers the bytes of a job's output.
  def self.serve
    input = Fiddle::Pointer.malloc(Fiddle::SIZEOF_VOIDP, Fiddle::RUBY_FREE)
    loop do
      status, job = pointer { |place| jobexec_worker_next(FOREVER, place, input) }
      break unless status == OK
      code = 0
      begin
        bytes = yield jobexec_job_seed(job)
        check(jobexec_job_set_output(job, bytes.bytesize))
        jobexec_job_output(job)[0, bytes.bytesize] = bytes
      rescue StandardError => error
        jobexec_job_set_message(job, error.message)
        code = 1
      end
      check(jobexec_worker_done(job, code))
    end
  end
end
