// Profiles from what other tools left: the same diagnosis and reports for data
// that users already have. docs/imports.md says what each format gives.
//
// The files are untrusted. Damage costs what lies behind it and becomes a problem
// of the profile; only a file that cannot be opened, or in which nothing of the
// format is found, throws ImportError. Memory is bounded whatever the size.
// Thread-safety: free functions without shared state.
#pragma once

#include <filesystem>
#include <stdexcept>

#include "report/diagnosis.h"
#include "report/profile.h"

namespace datamon::report {

// What, where, what to do next.
class ImportError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A Chrome trace of the PyTorch profiler (Kineto), plain or gzipped; "-": standard input.
Profile import_kineto(const std::filesystem::path& path);

// A log with the lines that MegEngine's DataLoader prints under MGE_DATA_MONITOR=1,
// among any others, plain or gzipped; "-": standard input.
Profile import_megengine_log(const std::filesystem::path& path);

// diagnose(), with the advice that fits the source where it abstains. Pure.
Diagnosis diagnose_import(const Profile& profile);

}  // namespace datamon::report
