// Jobs of monitor_job to which something is refused, or taken away.
#pragma once

namespace datamon::test {

int few_descriptors(long threads);     // more threads than descriptors; prints how many are open
int close_descriptors(long count);     // closes all it does not know
int remove_recording(long count);      // the recording goes away
int remove_before_thread(long count);  // the same, before a thread begins to record
int small_files(long count);           // files may not grow beyond 512 KiB
int own_file_at_2(long count);         // standard error is a file of its own
int cannot_grow(long count);           // the recording cannot be opened again

}  // namespace datamon::test
