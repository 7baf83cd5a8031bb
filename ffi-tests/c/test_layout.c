/* The structures have the layout that programs of the first release were compiled with. */
#include <jobexec.h>

#define FIELD(structure, field, offset) \
    _Static_assert(offsetof(structure, field) == (offset), #structure "." #field " has moved")
#define SIZE(structure, size) \
    _Static_assert(sizeof(structure) == (size), #structure " has another size")

SIZE(jobexec_config, 328);
FIELD(jobexec_config, size, 0);
FIELD(jobexec_config, workers, 8);
FIELD(jobexec_config, queue_per_worker, 12);
FIELD(jobexec_config, results_per_worker, 16);
FIELD(jobexec_config, results, 20);
FIELD(jobexec_config, wait_until_workers_run, 24);
FIELD(jobexec_config, timing, 28);
FIELD(jobexec_config, seed, 32);
FIELD(jobexec_config, spin_ns, 40);
FIELD(jobexec_config, max_restarts, 48);
FIELD(jobexec_config, pinning, 52);
FIELD(jobexec_config, cpus, 56);
FIELD(jobexec_config, cpu_count, 64);
FIELD(jobexec_config, reserve_cores, 68);
FIELD(jobexec_config, local_rank, 72);
FIELD(jobexec_config, local_size, 76);
FIELD(jobexec_config, transform, 80);
FIELD(jobexec_config, worker_init, 88);
FIELD(jobexec_config, worker_exit, 96);
FIELD(jobexec_config, discard, 104);
FIELD(jobexec_config, log, 112);
FIELD(jobexec_config, user, 120);
FIELD(jobexec_config, user_destructor, 128);
FIELD(jobexec_config, input_bytes, 136);
FIELD(jobexec_config, output_bytes, 144);
FIELD(jobexec_config, pages, 152);
FIELD(jobexec_config, prefault, 156);
FIELD(jobexec_config, allocate, 160);
FIELD(jobexec_config, deallocate, 168);
FIELD(jobexec_config, memory_user, 176);
FIELD(jobexec_config, worker_kind, 184);
FIELD(jobexec_config, worker_output, 188);
FIELD(jobexec_config, argv, 192);
FIELD(jobexec_config, env, 200);
FIELD(jobexec_config, worker_start_timeout_ns, 208);
FIELD(jobexec_config, restart_window_ns, 216);
FIELD(jobexec_config, restart_backoff_ns, 224);
FIELD(jobexec_config, retries, 232);
FIELD(jobexec_config, waiting, 236);
FIELD(jobexec_config, stall_report_ns, 240);
FIELD(jobexec_config, ordered, 248);
FIELD(jobexec_config, first_session, 252);
FIELD(jobexec_config, first_number, 256);
FIELD(jobexec_config, job_timeout_ns, 264);
FIELD(jobexec_config, cancel_kill_ns, 272);
FIELD(jobexec_config, abandon_after_ns, 280);
FIELD(jobexec_config, max_abandoned, 288);
FIELD(jobexec_config, retry_failed, 292);
FIELD(jobexec_config, retry_backoff_ns, 296);
FIELD(jobexec_config, trace_jobs, 304);
FIELD(jobexec_config, stages, 312);
FIELD(jobexec_config, stage_count, 320);
FIELD(jobexec_config, reserved, 324);

SIZE(jobexec_result, 312);
FIELD(jobexec_result, size, 0);
FIELD(jobexec_result, job_id, 8);
FIELD(jobexec_result, payload, 16);
FIELD(jobexec_result, outcome, 24);
FIELD(jobexec_result, code, 28);
FIELD(jobexec_result, session, 32);
FIELD(jobexec_result, worker, 36);
FIELD(jobexec_result, number, 40);
FIELD(jobexec_result, created_ns, 48);
FIELD(jobexec_result, started_ns, 56);
FIELD(jobexec_result, finished_ns, 64);
FIELD(jobexec_result, queued_ns, 72);
FIELD(jobexec_result, polled_ns, 80);
FIELD(jobexec_result, message, 88);
FIELD(jobexec_result, output, 280);
FIELD(jobexec_result, output_bytes, 288);
FIELD(jobexec_result, header, 296);
FIELD(jobexec_result, attempts, 304);
FIELD(jobexec_result, reserved, 308);

SIZE(jobexec_put_options, 24);
FIELD(jobexec_put_options, size, 0);
FIELD(jobexec_put_options, job_timeout_ns, 8);
FIELD(jobexec_put_options, wait_ns, 16);

SIZE(jobexec_counters, 344);
FIELD(jobexec_counters, size, 0);
FIELD(jobexec_counters, accepted, 8);
FIELD(jobexec_counters, done, 16);
FIELD(jobexec_counters, failed, 24);
FIELD(jobexec_counters, panicked, 32);
FIELD(jobexec_counters, crashed, 40);
FIELD(jobexec_counters, timed_out, 48);
FIELD(jobexec_counters, cancelled, 56);
FIELD(jobexec_counters, discarded, 64);
FIELD(jobexec_counters, outstanding, 72);
FIELD(jobexec_counters, queued, 80);
FIELD(jobexec_counters, running, 88);
FIELD(jobexec_counters, ready, 96);
FIELD(jobexec_counters, most_outstanding, 104);
FIELD(jobexec_counters, most_queued, 112);
FIELD(jobexec_counters, most_ready, 120);
FIELD(jobexec_counters, session, 128);
FIELD(jobexec_counters, workers, 136);
FIELD(jobexec_counters, restarts, 144);
FIELD(jobexec_counters, wakes, 152);
FIELD(jobexec_counters, looks_paid, 160);
FIELD(jobexec_counters, looks_in_vain, 168);
FIELD(jobexec_counters, held, 176);
FIELD(jobexec_counters, held_ns, 184);
FIELD(jobexec_counters, event_fd_rings, 192);
FIELD(jobexec_counters, stalled, 200);
FIELD(jobexec_counters, abandoned, 208);
FIELD(jobexec_counters, polls_found, 216);
FIELD(jobexec_counters, polls_waited, 224);
FIELD(jobexec_counters, polls_empty, 232);
FIELD(jobexec_counters, poll_wait_ns, 240);
FIELD(jobexec_counters, age_ns, 248);
FIELD(jobexec_counters, busy_ns, 256);
FIELD(jobexec_counters, queue_wait_p50_ns, 264);
FIELD(jobexec_counters, queue_wait_p99_ns, 272);
FIELD(jobexec_counters, queue_wait_max_ns, 280);
FIELD(jobexec_counters, run_p50_ns, 288);
FIELD(jobexec_counters, run_p99_ns, 296);
FIELD(jobexec_counters, run_max_ns, 304);
FIELD(jobexec_counters, result_wait_p50_ns, 312);
FIELD(jobexec_counters, result_wait_p99_ns, 320);
FIELD(jobexec_counters, result_wait_max_ns, 328);
FIELD(jobexec_counters, buffers_most, 336);

int main(void)
{
    return 0;
}
