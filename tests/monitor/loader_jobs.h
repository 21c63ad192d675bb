// Jobs of monitor_job whose threads serve several data loaders.
#pragma once

namespace datamon::test {

int zipped_loaders(long steps);            // a consumer that takes from two loaders in turn
int killed_between_loaders(long steps);    // the same, ended by SIGKILL
int threads_of_loaders(long threads);      // one after the other, each for two loaders
int forks_between_loaders(long epochs);    // workers of two loaders, made anew in each epoch
int many_loaders(long loaders);            // more than a small recording has tracks for
int describes_inside_spans(long);          // a change of loader while a span is open
int describes_itself_late(long);           // spans come before the thread says what it is
int readings_between_loaders(long turns);  // long items, alternating between two loaders

}  // namespace datamon::test
