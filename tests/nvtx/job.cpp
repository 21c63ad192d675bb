// The jobs that the tests run as real processes: `nvtx_job NAME [PLUGIN]`. Each
// knows NVTX's headers alone.
#include <dlfcn.h>
#include <nvtx3/nvToolsExt.h>
#include <nvtx3/nvToolsExtPayload.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

namespace {

nvtxEventAttributes_t event() {
  nvtxEventAttributes_t attributes{};
  attributes.version = NVTX_VERSION;
  attributes.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  return attributes;
}

nvtxEventAttributes_t event(const char* name) {
  nvtxEventAttributes_t attributes = event();
  attributes.messageType = NVTX_MESSAGE_TYPE_ASCII;
  attributes.message.ascii = name;
  return attributes;
}

nvtxEventAttributes_t event(nvtxStringHandle_t name) {
  nvtxEventAttributes_t attributes = event();
  attributes.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
  attributes.message.registered = name;
  return attributes;
}

std::uint32_t tid() { return static_cast<std::uint32_t>(syscall(SYS_gettid)); }

#define EXPECT(condition)                                         \
  do {                                                            \
    if (!(condition)) {                                           \
      std::printf("line %d: not so: %s\n", __LINE__, #condition); \
      return 1;                                                   \
    }                                                             \
  } while (false)

// Every kind of call, well used.
int calls(const char* plugin) {
  nvtxNameOsThreadA(tid(), "main loop");
  nvtxDomainHandle_t domain = nvtxDomainCreateA("loader");
  nvtxNameCategoryA(1, "category");
  nvtxStringHandle_t decode = nvtxDomainRegisterStringA(domain, "decode");
  for (int i = 0; i < 10; ++i) {
    EXPECT(nvtxRangePushA("fetch") == 0);
    auto named = event(decode);
    EXPECT(nvtxDomainRangePushEx(domain, &named) == 0);
    EXPECT(nvtxDomainRangePop(domain) == 0);
    const std::string crop = "crop " + std::to_string(i);
    auto with_payload = event(crop.c_str());
    with_payload.payloadType = NVTX_PAYLOAD_TYPE_UNSIGNED_INT64;
    with_payload.payload.ullValue = static_cast<std::uint64_t>(i);
    EXPECT(nvtxRangePushEx(&with_payload) == 1);
    EXPECT(nvtxRangePushW(L"Gr\u00f6\u00dfe \U0001f600") == 2);
    EXPECT(nvtxRangePop() == 2);
    EXPECT(nvtxRangePop() == 1);
    EXPECT(nvtxRangePop() == 0);
    auto mark = event("mark");
    nvtxMarkEx(&mark);
    nvtxDomainMarkEx(domain, &mark);
  }
  nvtxRangeId_t id = nvtxRangeStartA("queue"), wide = nvtxRangeStartW(L"wide");
  auto named = event(decode);
  nvtxRangeId_t in_domain = nvtxDomainRangeStartEx(domain, &named);
  EXPECT(id != 0 && in_domain != 0 && id != in_domain);
  std::thread([=] {
    nvtxNameOsThreadA(tid(), "other thread");
    nvtxRangeEnd(id);
    nvtxRangeEnd(wide);
    nvtxDomainRangeEnd(domain, in_domain);
  }).join();
  void* library = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
  EXPECT(library != nullptr);
  void* symbol = dlsym(library, "plugin_reads");
  void (*reads)(long);
  std::memcpy(&reads, &symbol, sizeof reads);
  reads(7);
  return 0;
}

// Another thread names this one before its first range and after it.
int names(const char*) {
  std::binary_semaphore started(0), named(0), ranged(0), again(0);
  std::uint32_t worker = 0;
  std::thread thread([&] {
    worker = tid();
    started.release();
    named.acquire();
    nvtxRangePushA("a");
    nvtxRangePop();
    ranged.release();
    again.acquire();
    nvtxRangePushA("a");
    nvtxRangePop();
  });
  nvtxRangePushA("main");
  nvtxRangePop();
  started.acquire();
  nvtxNameOsThreadA(worker, "first name");
  named.release();
  ranged.acquire();
  nvtxNameOsThreadA(worker, "second name");
  again.release();
  thread.join();
  return 0;
}

// Ranges of the payload extension, closed by either kind of pop.
int payloads(const char*) {
  const std::uint64_t value = 42;
  const nvtxPayloadData_t data{NVTX_PAYLOAD_ENTRY_TYPE_UINT64, sizeof value, &value};
  nvtxDomainHandle_t domain = nvtxDomainCreateA("payloads");
  auto decode = event("decode");
  for (int i = 0; i < 10; ++i) {
    EXPECT(nvtxDomainRangePushEx(domain, &decode) == 0);
    EXPECT(nvtxRangePushPayload(domain, &data, 1) == 1);
    EXPECT(nvtxDomainRangePop(domain) == 1);
    EXPECT(nvtxRangePushPayload(domain, &data, 1) == 1);
    EXPECT(nvtxRangePopPayload(domain, &data, 1) == 1);
    EXPECT(nvtxDomainRangePop(domain) == 0);
    const nvtxRangeId_t id = nvtxRangeStartPayload(domain, &data, 1);
    EXPECT(id != 0);
    nvtxRangeEndPayload(domain, id, &data, 1);
  }
  return 0;
}

// Ranges of two domains that overlap without nesting, again and again.
int overlapping(const char*) {
  nvtxDomainHandle_t a = nvtxDomainCreateA("a"), b = nvtxDomainCreateA("b");
  auto x = event("x"), y = event("y");
  for (int i = 0; i < 1000; ++i) {
    nvtxDomainRangePushEx(a, &x);
    nvtxDomainRangePushEx(b, &y);
    EXPECT(nvtxDomainRangePop(a) == 0);
    EXPECT(nvtxDomainRangePop(b) == 0);
  }
  return 0;
}

// One domain never pops its range.
int leaking(const char*) {
  nvtxDomainHandle_t a = nvtxDomainCreateA("a"), b = nvtxDomainCreateA("b");
  auto x = event("x"), y = event("y");
  for (int i = 0; i < 1000; ++i) {
    nvtxDomainRangePushEx(a, &x);
    nvtxDomainRangePushEx(b, &y);
    nvtxDomainRangePop(a);
  }
  return 0;
}

int broken(const char*) {
  nvtxDomainHandle_t domain = nvtxDomainCreateA(nullptr);
  nvtxDomainHandle_t destroyed = nvtxDomainCreateA("destroyed");
  nvtxDomainDestroy(destroyed);
  EXPECT(nvtxRangePop() < 0);
  EXPECT(nvtxDomainRangePop(domain) < 0);
  nvtxRangeEnd(0);
  nvtxRangeEnd(~nvtxRangeId_t{0});
  nvtxRangeEnd(12345);
  nvtxDomainRangeEnd(destroyed, 12345);
  nvtxNameOsThreadA(tid(), nullptr);
  nvtxNameOsThreadW(0, nullptr);
  nvtxDomainRegisterStringA(domain, nullptr);
  nvtxDomainRegisterStringW(nullptr, nullptr);
  nvtxEventAttributes_t empty{};
  auto null_name = event(static_cast<const char*>(nullptr));
  auto null_string = event(nvtxStringHandle_t{});
  auto foreign_string = event(reinterpret_cast<nvtxStringHandle_t>(std::uintptr_t{0x77777}));
  auto odd_type = event("x");
  odd_type.messageType = 1000;
  for (const nvtxEventAttributes_t* attributes :
       {static_cast<const nvtxEventAttributes_t*>(nullptr),
        static_cast<const nvtxEventAttributes_t*>(&empty),
        static_cast<const nvtxEventAttributes_t*>(&null_name),
        static_cast<const nvtxEventAttributes_t*>(&null_string),
        static_cast<const nvtxEventAttributes_t*>(&foreign_string),
        static_cast<const nvtxEventAttributes_t*>(&odd_type)}) {
    nvtxRangePushEx(attributes);
    nvtxRangePop();
    nvtxDomainRangePushEx(destroyed, attributes);
    nvtxDomainRangePop(destroyed);
    nvtxRangeEnd(nvtxRangeStartEx(attributes));
  }
  nvtxRangePushA(nullptr);
  nvtxRangePushW(nullptr);
  nvtxRangePop();
  nvtxRangePop();
  nvtxRangePushA("\xff\xfe\xc3 \xe2\x82");
  nvtxRangePop();
  const wchar_t invalid[] = {static_cast<wchar_t>(0xd800), static_cast<wchar_t>(0x7fffffff), L'x',
                             L'\0'};
  nvtxRangePushW(invalid);
  nvtxRangePop();
  const std::string endless(1'000'000, 'n');
  nvtxRangePushA(endless.c_str());
  nvtxRangePop();
  return 0;
}

int deep(const char*) {
  for (int i = 0; i < 1000; ++i) EXPECT(nvtxRangePushA("deep") >= 0);
  for (int i = 0; i < 1000; ++i) EXPECT(nvtxRangePop() >= 0);
  EXPECT(nvtxRangePop() < 0);
  nvtxRangePushA("after");
  nvtxRangePop();
  return 0;
}

// Different letters, as numbers are no part of a name.
std::string word(int number) {
  std::string text = "w";
  for (; number > 0; number /= 20) text += static_cast<char>('a' + number % 20);
  return text;
}

int many(const char*) {
  nvtxDomainHandle_t domain = nvtxDomainCreateA("many");
  for (int i = 0; i < 20'000; ++i) {
    nvtxRangePushA(word(i).c_str());
    nvtxRangePushA(("step " + std::to_string(i)).c_str());
    nvtxRangePop();
    nvtxRangePop();
    auto named = event(nvtxDomainRegisterStringA(domain, word(i).c_str()));
    nvtxDomainRangePushEx(domain, &named);
    nvtxDomainRangePop(domain);
    nvtxRangeStartA("never ended");
    nvtxDomainCreateA(word(i).c_str());
  }
  nvtxRangePushA("read");
  nvtxRangePop();
  return 0;
}

int threads(const char*) {
  nvtxInitialize(nullptr);  // its own race: the functions' pointers are plain
  std::vector<std::thread> all;
  for (int t = 0; t < 8; ++t)
    all.emplace_back([t] {
      nvtxDomainHandle_t domain = nvtxDomainCreateA(t % 2 == 0 ? "even" : "odd");
      auto named = event(nvtxDomainRegisterStringA(domain, "decode"));
      for (int i = 0; i < 2000; ++i) {
        nvtxRangePushA("fetch");
        nvtxDomainRangePushEx(domain, &named);
        nvtxDomainRangePop(domain);
        nvtxRangePop();
        nvtxRangeEnd(nvtxRangeStartA("queue"));
        nvtxRangePushA(word(i % 50).c_str());
        nvtxRangePop();
      }
    });
  for (std::thread& thread : all) thread.join();
  return 0;
}

// Forked inside ranges: the child pops its parent's, then makes its own.
int forking(const char*) {
  nvtxRangePushA("fetch");
  const nvtxRangeId_t id = nvtxRangeStartA("queue");
  nvtxRangePushA("decode");
  const pid_t child = fork();
  if (child == 0) {
    nvtxRangePop();
    nvtxRangeEnd(id);
    for (int i = 0; i < 5; ++i) {
      nvtxRangePushA("read");
      nvtxRangePop();
    }
    nvtxRangePop();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  nvtxRangePop();
  nvtxRangePop();
  nvtxRangeEnd(id);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string name = count > 1 ? arguments[1] : "";
  const char* plugin = count > 2 ? arguments[2] : "";
  if (name == "calls") return calls(plugin);
  if (name == "payloads") return payloads(plugin);
  if (name == "names") return names(plugin);
  if (name == "overlapping") return overlapping(plugin);
  if (name == "leaking") return leaking(plugin);
  if (name == "broken") return broken(plugin);
  if (name == "deep") return deep(plugin);
  if (name == "many") return many(plugin);
  if (name == "threads") return threads(plugin);
  if (name == "forking") return forking(plugin);
  return 99;
}
