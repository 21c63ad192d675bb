// A second NVTX tool, as a chained one: it counts the calls that it gets, gives
// out handles and ids of its own, and notices when it gets others back. At the
// end of each process it writes $COUNTING_TOOL.PID: a line "name count" a call,
// and one "domain/range count" a range that was pushed.
#include <nvtx3/nvToolsExt.h>
#include <nvtx3/nvToolsExtPayload.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

namespace {

// Not destroyed: other threads may still be running at exit.
struct Tool {
  std::mutex mutex;
  std::map<std::string, long> counts;
  std::map<const void*, std::string> domains;
  std::map<const void*, std::string> strings;
  std::map<std::pair<const void*, std::uint64_t>, long> depth;  // by domain and thread
  std::map<nvtxRangeId_t, bool> started;
  std::uint64_t next = 1;
};
Tool& tool() {
  static Tool* the = new Tool;
  return *the;
}

using Guard = std::lock_guard<std::mutex>;

void count(const std::string& name) { ++tool().counts[name]; }

std::uint64_t tid() { return static_cast<std::uint64_t>(gettid()); }

std::string text(const nvtxEventAttributes_t* event) {
  if (event == nullptr) return "(null)";
  if (event->messageType == NVTX_MESSAGE_TYPE_ASCII && event->message.ascii != nullptr)
    return event->message.ascii;
  if (event->messageType != NVTX_MESSAGE_TYPE_REGISTERED) return "(other)";
  const auto found = tool().strings.find(event->message.registered);
  if (found == tool().strings.end()) count("foreign string");
  return found != tool().strings.end() ? found->second : "(foreign)";
}

std::string name_of(nvtxDomainHandle_t domain) {
  if (domain == nullptr) return "";
  const auto found = tool().domains.find(domain);
  if (found == tool().domains.end()) count("foreign domain");
  return found != tool().domains.end() ? found->second : "(foreign)";
}

int push(nvtxDomainHandle_t domain, const std::string& name) {
  count("push");
  count(name_of(domain) + "/" + name);
  return static_cast<int>(tool().depth[{domain, tid()}]++);
}

int pop(nvtxDomainHandle_t domain) {
  count("pop");
  long& depth = tool().depth[{domain, tid()}];
  if (depth == 0) {
    count("pop without push");
    return -1;
  }
  return static_cast<int>(--depth);
}

nvtxRangeId_t start() {
  count("start");
  tool().started[tool().next] = true;
  return tool().next++;
}

void end(nvtxRangeId_t id) { count(tool().started.erase(id) != 0 ? "end" : "end without start"); }

void mark(const nvtxEventAttributes_t*) {
  const Guard guard(tool().mutex);
  count("mark");
}
void domain_mark(nvtxDomainHandle_t domain, const nvtxEventAttributes_t*) {
  const Guard guard(tool().mutex);
  name_of(domain);
  count("mark");
}
void mark_a(const char*) {
  const Guard guard(tool().mutex);
  count("mark");
}
int push_a(const char* name) {
  const Guard guard(tool().mutex);
  return push(nullptr, name != nullptr ? name : "(null)");
}
int push_w(const wchar_t*) {
  const Guard guard(tool().mutex);
  return push(nullptr, "(wide)");
}
int push_ex(const nvtxEventAttributes_t* event) {
  const Guard guard(tool().mutex);
  return push(nullptr, text(event));
}
int pop_default() {
  const Guard guard(tool().mutex);
  return pop(nullptr);
}
int domain_push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* event) {
  const Guard guard(tool().mutex);
  return push(domain, text(event));
}
int domain_pop(nvtxDomainHandle_t domain) {
  const Guard guard(tool().mutex);
  name_of(domain);
  return pop(domain);
}
nvtxRangeId_t start_a(const char*) {
  const Guard guard(tool().mutex);
  return start();
}
nvtxRangeId_t start_w(const wchar_t*) {
  const Guard guard(tool().mutex);
  return start();
}
nvtxRangeId_t start_ex(const nvtxEventAttributes_t*) {
  const Guard guard(tool().mutex);
  return start();
}
nvtxRangeId_t domain_start(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* event) {
  const Guard guard(tool().mutex);
  name_of(domain);
  text(event);
  return start();
}
void end_default(nvtxRangeId_t id) {
  const Guard guard(tool().mutex);
  end(id);
}
void domain_end(nvtxDomainHandle_t domain, nvtxRangeId_t id) {
  const Guard guard(tool().mutex);
  name_of(domain);
  end(id);
}
void name_thread_a(std::uint32_t, const char*) {
  const Guard guard(tool().mutex);
  count("thread name");
}
void name_category_a(std::uint32_t, const char*) {
  const Guard guard(tool().mutex);
  count("category name");
}
nvtxDomainHandle_t create_domain(const char* name) {
  const Guard guard(tool().mutex);
  count("create domain");
  auto* handle = new char;
  tool().domains[handle] = name != nullptr ? name : "(null)";
  return reinterpret_cast<nvtxDomainHandle_t>(handle);
}
void destroy_domain(nvtxDomainHandle_t domain) {
  const Guard guard(tool().mutex);
  count("destroy domain");
  tool().domains.erase(domain);
}
nvtxStringHandle_t register_string(nvtxDomainHandle_t domain, const char* string) {
  const Guard guard(tool().mutex);
  name_of(domain);
  count("register string");
  auto* handle = new char;
  tool().strings[handle] = string != nullptr ? string : "(null)";
  return reinterpret_cast<nvtxStringHandle_t>(handle);
}

template <typename Function>
NvtxFunctionPointer pointer(Function function) {
  return reinterpret_cast<NvtxFunctionPointer>(function);
}

void write_counts() {
  const char* path = std::getenv("COUNTING_TOOL");
  if (path == nullptr) return;
  std::FILE* file = std::fopen((std::string(path) + "." + std::to_string(getpid())).c_str(), "w");
  if (file == nullptr) return;
  const Guard guard(tool().mutex);
  for (const auto& [name, number] : tool().counts)
    std::fprintf(file, "%s %ld\n", name.c_str(), number);
  long open = 0;
  for (const auto& [key, depth] : tool().depth) open += depth;
  std::fprintf(file, "left open %ld\n", open);
  std::fclose(file);
}

std::uint64_t register_schema(nvtxDomainHandle_t domain, const nvtxPayloadSchemaAttr_t*) {
  const Guard guard(tool().mutex);
  name_of(domain);
  count("schema");
  return 1;
}

int push_payload(nvtxDomainHandle_t domain, const nvtxPayloadData_t*, std::size_t) {
  const Guard guard(tool().mutex);
  return push(domain, "(payload)");
}
int pop_payload(nvtxDomainHandle_t domain, const nvtxPayloadData_t*, std::size_t) {
  const Guard guard(tool().mutex);
  return pop(domain);
}
nvtxRangeId_t start_payload(nvtxDomainHandle_t, const nvtxPayloadData_t*, std::size_t) {
  const Guard guard(tool().mutex);
  return start();
}
void end_payload(nvtxDomainHandle_t, nvtxRangeId_t id, const nvtxPayloadData_t*, std::size_t) {
  const Guard guard(tool().mutex);
  end(id);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int InitializeInjectionNvtx2(
    NvtxGetExportTableFunc_t table) {
  static bool first = true;
  if (first) std::atexit(write_counts);
  first = false;
  {
    const Guard guard(tool().mutex);
    count("initialise");
  }
  const auto* exported = static_cast<const NvtxExportTableCallbacks*>(table(NVTX_ETID_CALLBACKS));
  NvtxFunctionTable core = nullptr, core2 = nullptr;
  unsigned size = 0;
  if (exported->GetModuleFunctionTable(NVTX_CB_MODULE_CORE, &core, &size) == 0 ||
      size < NVTX_CBID_CORE_SIZE)
    return 0;
  if (exported->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &core2, &size) == 0 ||
      size < NVTX_CBID_CORE2_SIZE)
    return 0;
  *core[NVTX_CBID_CORE_MarkEx] = pointer(mark);
  *core[NVTX_CBID_CORE_MarkA] = pointer(mark_a);
  *core[NVTX_CBID_CORE_RangePushA] = pointer(push_a);
  *core[NVTX_CBID_CORE_RangePushW] = pointer(push_w);
  *core[NVTX_CBID_CORE_RangePushEx] = pointer(push_ex);
  *core[NVTX_CBID_CORE_RangePop] = pointer(pop_default);
  *core[NVTX_CBID_CORE_RangeStartA] = pointer(start_a);
  *core[NVTX_CBID_CORE_RangeStartW] = pointer(start_w);
  *core[NVTX_CBID_CORE_RangeStartEx] = pointer(start_ex);
  *core[NVTX_CBID_CORE_RangeEnd] = pointer(end_default);
  *core[NVTX_CBID_CORE_NameOsThreadA] = pointer(name_thread_a);
  *core[NVTX_CBID_CORE_NameCategoryA] = pointer(name_category_a);
  *core2[NVTX_CBID_CORE2_DomainMarkEx] = pointer(domain_mark);
  *core2[NVTX_CBID_CORE2_DomainRangePushEx] = pointer(domain_push);
  *core2[NVTX_CBID_CORE2_DomainRangePop] = pointer(domain_pop);
  *core2[NVTX_CBID_CORE2_DomainRangeStartEx] = pointer(domain_start);
  *core2[NVTX_CBID_CORE2_DomainRangeEnd] = pointer(domain_end);
  *core2[NVTX_CBID_CORE2_DomainCreateA] = pointer(create_domain);
  *core2[NVTX_CBID_CORE2_DomainDestroy] = pointer(destroy_domain);
  *core2[NVTX_CBID_CORE2_DomainRegisterStringA] = pointer(register_string);
  return 1;
}

// Structured payloads: their calls come with the domains that this tool gave out.
extern "C" __attribute__((visibility("default"))) int InitializeInjectionNvtxExtension(
    nvtxExtModuleInfo_t* module) {
  if (module->moduleId != NVTX_EXT_PAYLOAD_MODULEID || module->segmentsCount == 0) return 0;
  std::intptr_t* slots = module->segments[0].functionSlots;
  const auto number = [](auto function) { return reinterpret_cast<std::intptr_t>(function); };
  slots[NVTX3EXT_CBID_nvtxPayloadSchemaRegister] = number(&register_schema);
  slots[NVTX3EXT_CBID_nvtxRangePushPayload] = number(&push_payload);
  slots[NVTX3EXT_CBID_nvtxRangePopPayload] = number(&pop_payload);
  slots[NVTX3EXT_CBID_nvtxRangeStartPayload] = number(&start_payload);
  slots[NVTX3EXT_CBID_nvtxRangeEndPayload] = number(&end_payload);
  return 1;
}
