#include "device_name.h"

#include <dlfcn.h>

#include "injection/symbol.h"

namespace datamon::cupti {

bool device_name(std::uint32_t device, char* room, std::size_t bytes) {
  // The process has it, or there would be no device. This only asks for its address.
  void* driver = ::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (driver == nullptr) return false;
  const auto get = injection::symbol<int (*)(int* handle, int number)>(driver, "cuDeviceGet");
  const auto name =
      injection::symbol<int (*)(char* room, int bytes, int handle)>(driver, "cuDeviceGetName");
  int handle = 0;
  const bool known = get != nullptr && name != nullptr &&
                     get(&handle, static_cast<int>(device)) == 0 &&
                     name(room, static_cast<int>(bytes), handle) == 0;
  ::dlclose(driver);  // the job's own reference stays
  if (!known) return false;
  room[bytes - 1] = '\0';
  return room[0] != '\0';
}

}  // namespace datamon::cupti
