/* A shared object with an NVTX of its own, as a loader's native part has one. */
#include <nvtx3/nvToolsExt.h>

__attribute__((visibility("default"))) void plugin_reads(long count) {
  for (long i = 0; i < count; ++i) {
    nvtxRangePushA("read");
    nvtxRangePop();
  }
}
