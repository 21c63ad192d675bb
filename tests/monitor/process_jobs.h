// Jobs of monitor_job that fork, are killed, exec, or end without a word.
#pragma once

namespace datamon::test {

int kill_worker(long count);                // a worker ended by SIGKILL
int fork_exit(long count);                  // a child that leaves by _exit()
int fork_threaded(long children);           // forks while other threads record
int raw_clone(long count);                  // a fork that libc knows nothing of
int outlives_parent(long milliseconds);     // a child goes on when its parent has ended
int open_across_fork(long);                 // a span that is open when the process forks
int fork_chain(long generations);           // children of children
int small_stack(long);                      // the first span is on the smallest stack
int last_thread_returns(long count);        // main ends by pthread_exit()
int main_gone(long);                        // lives on without its main thread until a signal
int unrecorded_children(long generations);  // children that can have no file
int exec_self(long count);                  // goes on as another program
int limited_exec(long mib);                 // the same, with so much address space

}  // namespace datamon::test
