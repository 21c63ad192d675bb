// The default export with a small limit, for the Python tests:
//     export_at_most SLICES RECORDING FILE
// Writes the statements to the standard output, a line each.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "report/recording.h"
#include "report/trace.h"
#include "report/trace_sink.h"

int main(int argc, char** argv) {
  using namespace datamon::report;
  if (argc != 4) {
    std::fprintf(stderr, "export_at_most SLICES RECORDING FILE\n");
    return 2;
  }
  try {
    const Recording recording = Recording::open(argv[2]);
    TraceOptions options;
    options.most_slices = std::strtoull(argv[1], nullptr, 10);
    const auto sink = open_trace_sink({argv[3]});
    for (const std::string& statement : write_trace(recording, options, *sink).statements)
      std::puts(statement.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
