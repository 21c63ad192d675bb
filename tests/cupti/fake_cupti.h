// What a job may say that a device did; the library with CUPTI's symbols turns it
// into CUPTI's records. Times as fake_cupti_now() gives them.
#pragma once

#include <cstddef>
#include <cstdint>

using FakeNow = std::uint64_t (*)();
// `name` stays the caller's, and has to be there as long as the library.
using FakeKernel = void (*)(std::uint32_t device, std::uint32_t stream, std::uint32_t correlation,
                            std::uint64_t start, std::uint64_t end, const char* name);
// `kind`: 1 to the device, 2 to the host; `source`: 1 pageable, 2 pinned, 3 device.
using FakeCopy = void (*)(std::uint32_t device, std::uint32_t stream, std::uint32_t correlation,
                          int kind, int source, std::uint64_t bytes, std::uint64_t start,
                          std::uint64_t end);
// A function of the run time: 211 launches, 131 waits for a stream, 41 copies.
using FakeCall = void (*)(std::uint32_t function, std::uint32_t thread, std::uint32_t correlation,
                          std::uint64_t start, std::uint64_t end);
using FakeDrop = void (*)(std::size_t records);
// The driver has ended: what CUPTI has not handed over is lost.
using FakeEnd = void (*)();
