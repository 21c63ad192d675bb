// Who this process is: host, pid, rank, command line. Works in a forked child.
// Errors leave a field unknown; nothing throws, or allocates but from the arena.
#pragma once

#include "format/recording_format.h"
#include "monitor/recording_file.h"

namespace datamon::monitor {

// Fills pid, parent_pid, rank, local_rank, world_size, process_start, boot_id
// and host.
void identify(format::FileHeader& header);

// This host as a part of file names; `bytes` >= 64.
void host_for_file_name(char* host, std::size_t bytes);

// "HOST-PID-START": START is the time in microseconds since 1970 in hex, since
// exec() keeps the pid and a pid may come back. `bytes` >= 128.
void file_name_stem(char* stem, std::size_t bytes);

// Notes job.command, job.cwd, job.cpus_allowed and what else names the job.
// Needs the process lock, or to be alone.
void note_job(BlockSource& file);

}  // namespace datamon::monitor
