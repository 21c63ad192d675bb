#include "monitor/nvtx_ranges.h"

#include "monitor/message.h"

#ifdef DATAMON_HAS_NVTX

#include <nvtx3/nvToolsExt.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "monitor/atomics.h"
#include "monitor/stage_registry.h"

namespace datamon::monitor {
namespace {

nvtxDomainHandle_t g_domain = nullptr;
nvtxStringHandle_t g_names[DATAMON_MAX_STAGES];

__attribute__((noinline, cold)) nvtxStringHandle_t register_name(datamon_stage stage) {
  char text[128];
  const std::string_view name = name_of_stage(stage);
  text[name.copy(text, sizeof text - 1)] = '\0';
  const nvtxStringHandle_t handle = nvtxDomainRegisterStringA(g_domain, text);
  __atomic_store_n(&g_names[stage], handle, __ATOMIC_RELEASE);
  return handle;
}

}  // namespace

bool begin_nvtx_ranges() {
  static bool asked = false;
  if (!asked) {
    asked = true;
    const int saved_errno = errno;
    g_domain = nvtxDomainCreateA("datamon");
    errno = saved_errno;
  }
  return g_domain != nullptr;
}

void push_nvtx_range(datamon_stage stage) {
  const int saved_errno = errno;
  nvtxEventAttributes_t event{};
  event.version = NVTX_VERSION;
  event.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  event.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
  if (stage < DATAMON_MAX_STAGES) {
    event.message.registered = __atomic_load_n(&g_names[stage], __ATOMIC_ACQUIRE);
    if (event.message.registered == nullptr) event.message.registered = register_name(stage);
  }
  nvtxDomainRangePushEx(g_domain, &event);
  errno = saved_errno;
}

void pop_nvtx_range() {
  const int saved_errno = errno;
  nvtxDomainRangePop(g_domain);
  errno = saved_errno;
}

}  // namespace datamon::monitor

#else

namespace datamon::monitor {

bool begin_nvtx_ranges() {
  say("datamon: MON_NVTX=1 emits nothing: this libdatamon.so.0 was built without NVTX's headers\n");
  return false;
}

void push_nvtx_range(datamon_stage) {}
void pop_nvtx_range() {}

}  // namespace datamon::monitor

#endif
