#include "callbacks.h"

#include <cstddef>
#include <iterator>

#include "chain.h"
#include "domains.h"
#include "handle_table.h"
#include "names.h"
#include "ranges.h"
#include "text.h"
#include "thread_names.h"

namespace datamon::nvtx {
namespace {

constexpr NvtxCallbackModule kCore = NVTX_CB_MODULE_CORE;
constexpr NvtxCallbackModule kCore2 = NVTX_CB_MODULE_CORE2;

// Registered strings, by handle: the stage.
HandleTable<8192> g_strings;

template <typename Handle>
std::uint64_t number_of(Handle* handle) {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(handle));
}
template <typename Handle>
Handle as(std::uint64_t number) {
  return reinterpret_cast<Handle>(static_cast<std::uintptr_t>(number));
}

// The chained tool's function for a call, as `Function`, or nullptr.
template <typename Function>
Function next(NvtxCallbackModule module, unsigned callback) {
  return reinterpret_cast<Function>(chained(module, callback));
}

datamon_stage stage_of_event(const Domain& domain, const nvtxEventAttributes_t* event) {
  // An event of an older NVTX may end before its message.
  constexpr std::size_t kEnd = offsetof(nvtxEventAttributes_t, message) + sizeof event->message;
  if (event == nullptr || event->size < kEnd) return stage_of(domain, {});
  switch (event->messageType) {
    case NVTX_MESSAGE_TYPE_ASCII:
      return stage_of(domain, Text(event->message.ascii).view());
    case NVTX_MESSAGE_TYPE_UNICODE:
      return stage_of(domain, Text(event->message.unicode).view());
    case NVTX_MESSAGE_TYPE_REGISTERED: {
      const std::uint64_t handle = number_of(event->message.registered);
      if (const auto known = g_strings.find(handle))
        return static_cast<datamon_stage>(known->first);
      return handle == 0 ? stage_of(domain, {}) : stage_of_others();
    }
    default:
      return stage_of(domain, {});
  }
}

// The default domain's calls with a plain message.
template <typename Char>
datamon_stage stage_of_message(const Char* message) {
  return stage_of(domain_of(0), Text(message).view());
}

int result_of(int own, int theirs, bool has_theirs) { return has_theirs ? theirs : own; }

// ---- push and pop

template <typename Char, typename Function, unsigned kCallback>
int NVTX_API push_message(const Char* message) {
  const auto theirs = next<Function>(kCore, kCallback);
  const int level = theirs != nullptr ? theirs(message) : 0;
  return result_of(push(0, stage_of_message(message)), level, theirs != nullptr);
}

int NVTX_API push_event(const nvtxEventAttributes_t* event) {
  const auto theirs = next<nvtxRangePushEx_impl_fntype>(kCore, NVTX_CBID_CORE_RangePushEx);
  const int level = theirs != nullptr ? theirs(event) : 0;
  return result_of(push(0, stage_of_event(domain_of(0), event)), level, theirs != nullptr);
}

int NVTX_API pop_default() {
  const int level = pop(0);
  const auto theirs = next<nvtxRangePop_impl_fntype>(kCore, NVTX_CBID_CORE_RangePop);
  return theirs != nullptr ? theirs() : level;
}

int NVTX_API push_in_domain(nvtxDomainHandle_t handle, const nvtxEventAttributes_t* event) {
  const auto theirs =
      next<nvtxDomainRangePushEx_impl_fntype>(kCore2, NVTX_CBID_CORE2_DomainRangePushEx);
  const int level = theirs != nullptr ? theirs(handle, event) : 0;
  const std::uint64_t number = number_of(handle);
  const Domain& domain = domain_of(number);
  if (domain.ignored) return level;
  return result_of(push(number, stage_of_event(domain, event)), level, theirs != nullptr);
}

int NVTX_API pop_in_domain(nvtxDomainHandle_t handle) {
  const std::uint64_t number = number_of(handle);
  const int level = domain_of(number).ignored ? 0 : pop(number);
  const auto theirs = next<nvtxDomainRangePop_impl_fntype>(kCore2, NVTX_CBID_CORE2_DomainRangePop);
  return theirs != nullptr ? theirs(handle) : level;
}

// ---- start and end

template <typename Char, typename Function, unsigned kCallback>
nvtxRangeId_t NVTX_API start_message(const Char* message) {
  const auto theirs = next<Function>(kCore, kCallback);
  return start(theirs != nullptr ? theirs(message) : 0, stage_of_message(message));
}

nvtxRangeId_t NVTX_API start_event(const nvtxEventAttributes_t* event) {
  const auto theirs = next<nvtxRangeStartEx_impl_fntype>(kCore, NVTX_CBID_CORE_RangeStartEx);
  return start(theirs != nullptr ? theirs(event) : 0, stage_of_event(domain_of(0), event));
}

nvtxRangeId_t NVTX_API start_in_domain(nvtxDomainHandle_t handle,
                                       const nvtxEventAttributes_t* event) {
  const auto theirs =
      next<nvtxDomainRangeStartEx_impl_fntype>(kCore2, NVTX_CBID_CORE2_DomainRangeStartEx);
  const nvtxRangeId_t id = theirs != nullptr ? theirs(handle, event) : 0;
  const Domain& domain = domain_of(number_of(handle));
  return domain.ignored ? id : start(id, stage_of_event(domain, event));
}

void NVTX_API end_default(nvtxRangeId_t id) {
  end(id);
  const auto theirs = next<nvtxRangeEnd_impl_fntype>(kCore, NVTX_CBID_CORE_RangeEnd);
  if (theirs != nullptr) theirs(is_made_up(id) ? 0 : id);
}

void NVTX_API end_in_domain(nvtxDomainHandle_t handle, nvtxRangeId_t id) {
  end(id);
  const auto theirs = next<nvtxDomainRangeEnd_impl_fntype>(kCore2, NVTX_CBID_CORE2_DomainRangeEnd);
  if (theirs != nullptr) theirs(handle, is_made_up(id) ? 0 : id);
}

// ---- domains, strings, threads

template <typename Char, typename Function, unsigned kCallback>
nvtxDomainHandle_t NVTX_API create_domain(const Char* name) {
  const auto theirs = next<Function>(kCore2, kCallback);
  const std::uint64_t handle = theirs != nullptr ? number_of(theirs(name)) : 0;
  return as<nvtxDomainHandle_t>(add_domain(handle, Text(name).view()));
}

void NVTX_API destroy_domain(nvtxDomainHandle_t handle) {
  forget_domain(number_of(handle));
  const auto theirs = next<nvtxDomainDestroy_impl_fntype>(kCore2, NVTX_CBID_CORE2_DomainDestroy);
  if (theirs != nullptr) theirs(handle);
}

// Without a tool's handle the stage gives one: the same for the same stage.
template <typename Char, typename Function, unsigned kCallback>
nvtxStringHandle_t NVTX_API register_string(nvtxDomainHandle_t handle, const Char* string) {
  const auto theirs = next<Function>(kCore2, kCallback);
  std::uint64_t number = theirs != nullptr ? number_of(theirs(handle, string)) : 0;
  const Domain& domain = domain_of(number_of(handle));
  if (domain.ignored) return as<nvtxStringHandle_t>(number);
  const datamon_stage stage = stage_of(domain, Text(string).view());
  if (number == 0) number = std::uint64_t{stage} + 1;
  g_strings.insert(number, {stage, 0});
  return as<nvtxStringHandle_t>(number);
}

template <typename Char, typename Function, unsigned kCallback>
void NVTX_API name_os_thread(std::uint32_t tid, const Char* name) {
  const auto theirs = next<Function>(kCore, kCallback);
  if (theirs != nullptr) theirs(tid, name);
  name_thread(tid, Text(name).view());
}

// ---- installing

struct Callback {
  NvtxCallbackModule module;
  unsigned id;
  NvtxFunctionPointer function;
};

template <typename Function>
NvtxFunctionPointer pointer(Function function) {
  return reinterpret_cast<NvtxFunctionPointer>(function);
}

// The two kinds of message of one call.
#define BOTH_KINDS(module, prefix, call, template_name)                             \
  {module, prefix##call##A,                                                         \
   pointer(template_name<char, nvtx##call##A_impl_fntype, prefix##call##A>)},       \
  {                                                                                 \
    module, prefix##call##W,                                                        \
        pointer(template_name<wchar_t, nvtx##call##W_impl_fntype, prefix##call##W>) \
  }

const Callback kCallbacks[] = {
    BOTH_KINDS(kCore, NVTX_CBID_CORE_, RangePush, push_message),
    BOTH_KINDS(kCore, NVTX_CBID_CORE_, RangeStart, start_message),
    BOTH_KINDS(kCore, NVTX_CBID_CORE_, NameOsThread, name_os_thread),
    BOTH_KINDS(kCore2, NVTX_CBID_CORE2_, DomainCreate, create_domain),
    BOTH_KINDS(kCore2, NVTX_CBID_CORE2_, DomainRegisterString, register_string),
    {kCore, NVTX_CBID_CORE_RangePushEx, pointer(push_event)},
    {kCore, NVTX_CBID_CORE_RangePop, pointer(pop_default)},
    {kCore, NVTX_CBID_CORE_RangeStartEx, pointer(start_event)},
    {kCore, NVTX_CBID_CORE_RangeEnd, pointer(end_default)},
    {kCore2, NVTX_CBID_CORE2_DomainRangePushEx, pointer(push_in_domain)},
    {kCore2, NVTX_CBID_CORE2_DomainRangePop, pointer(pop_in_domain)},
    {kCore2, NVTX_CBID_CORE2_DomainRangeStartEx, pointer(start_in_domain)},
    {kCore2, NVTX_CBID_CORE2_DomainRangeEnd, pointer(end_in_domain)},
    {kCore2, NVTX_CBID_CORE2_DomainDestroy, pointer(destroy_domain)},
};
#undef BOTH_KINDS

}  // namespace

bool install(NvtxGetExportTableFunc_t table) {
  const auto* exported = static_cast<const NvtxExportTableCallbacks*>(table(NVTX_ETID_CALLBACKS));
  if (exported == nullptr || exported->struct_size < sizeof *exported) return false;
  bool any = false;
  for (int m = NVTX_CB_MODULE_CORE; m < NVTX_CB_MODULE_SIZE; ++m) {
    const auto module = static_cast<NvtxCallbackModule>(m);
    NvtxFunctionTable functions = nullptr;
    unsigned size = 0;
    if (exported->GetModuleFunctionTable(module, &functions, &size) == 0 || functions == nullptr)
      continue;
    for (unsigned id = 1; id < size; ++id)
      if (const NvtxFunctionPointer theirs = chained(module, id); theirs != nullptr)
        *functions[id] = theirs;
    for (const Callback& callback : kCallbacks)
      if (callback.module == module && callback.id < size) {
        *functions[callback.id] = callback.function;
        any = true;
      }
  }
  return any;
}

}  // namespace datamon::nvtx
