// C streams of data files. The C library fills their buffers by a read() of its
// own, which nobody can stand in for; so the calls that may fill one are measured
// here, and only when what is asked for is not in the buffer yet. What is counted
// is what came from the file, not what was taken from the buffer.
//
// Not covered: fscanf, the wide-character functions, getc_unlocked.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>

#include <cstring>

#include "export.h"
#include "file_use.h"
#include "next.h"

namespace datamon::preload {
namespace {

// glibc shows these fields to the macros of its own <stdio.h>.
std::size_t buffered(const FILE* stream) {
  const char *from = stream->_IO_read_ptr, *end = stream->_IO_read_end;
  return from < end ? static_cast<std::size_t>(end - from) : 0;
}

// The stream's data file if taking `bytes` may have to read it.
inline OpenFile* file_to_read(FILE* stream, std::size_t bytes) {
  if (__builtin_expect(!g_wanted, 1) || stream == nullptr) return nullptr;
  OpenFile* file = data_file(stream->_fileno);
  return file != nullptr && bytes > buffered(stream) ? file : nullptr;
}

// `call` returns what the function does; `taken` says how many bytes that took.
template <typename Call, typename Taken>
inline auto measured(OpenFile& file, FILE* stream, Call call, Taken taken) {
  const std::size_t before = buffered(stream);
  Reading reading(file);
  const auto result = call();
  const std::size_t gone = taken(result) + buffered(stream);
  reading.end(gone > before ? gone - before : 0);
  return result;
}

FILE* opened(FILE* stream, const char* path, const char* mode) {
  if (stream == nullptr || path == nullptr || !g_wanted) return stream;
  if (mode[0] == 'r')
    note_opened(stream->_fileno, path, std::strchr(mode, '+') != nullptr ? O_RDWR : O_RDONLY);
  else
    note_closed(stream->_fileno);
  return stream;
}

void closing(FILE* stream) {
  if (__builtin_expect(g_wanted, 0) && stream != nullptr) note_closed(stream->_fileno);
}

template <typename Function, typename... Room>
inline std::size_t read_items(Function& function, void* to, std::size_t size, std::size_t count,
                              FILE* stream, Room... room) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(size, count, &bytes)) bytes = 0;
  const auto call = [&] { return function(to, room..., size, count, stream); };
  OpenFile* file = file_to_read(stream, bytes);
  if (file == nullptr) return call();
  return measured(*file, stream, call, [size](std::size_t items) { return items * size; });
}

// The stream's data file if the buffer does not hold `delimiter`, or `most` bytes.
inline OpenFile* file_to_search(FILE* stream, int delimiter, std::size_t most) {
  OpenFile* file = file_to_read(stream, most);
  if (file == nullptr) return nullptr;
  const std::size_t there = buffered(stream);
  return there > 0 && std::memchr(stream->_IO_read_ptr, delimiter, there) != nullptr ? nullptr
                                                                                     : file;
}

template <typename Call>
inline char* read_text(char* to, int room, FILE* stream, Call call) {
  OpenFile* file =
      room > 1 ? file_to_search(stream, '\n', static_cast<std::size_t>(room) - 1) : nullptr;
  if (file == nullptr) return call();
  // Text behind a zero byte in the line is not counted.
  return measured(*file, stream, call, [to](const char* result) {
    return result != nullptr ? std::strlen(to) : std::size_t{0};
  });
}

template <typename Call>
inline ssize_t read_line(FILE* stream, int delimiter, Call call) {
  OpenFile* file = file_to_search(stream, delimiter, SIZE_MAX);
  if (file == nullptr) return call();
  return measured(*file, stream, call, [](ssize_t bytes) {
    return bytes > 0 ? static_cast<std::size_t>(bytes) : std::size_t{0};
  });
}

template <typename Function>
inline int read_character(Function& function, FILE* stream) {
  const auto call = [&] { return function(stream); };
  OpenFile* file = file_to_read(stream, 1);
  if (file == nullptr) return call();
  return measured(*file, stream, call, [](int result) { return std::size_t{result != EOF}; });
}

}  // namespace

DATAMON_STANDS_IN(fopen, FILE*, (const char* path, const char* mode)) {
  return opened(libc.fopen(path, mode), path, mode);
}

DATAMON_STANDS_IN(fopen64, FILE*, (const char* path, const char* mode)) {
  return opened(libc.fopen64(path, mode), path, mode);
}

DATAMON_STANDS_IN(freopen, FILE*, (const char* path, const char* mode, FILE* stream)) {
  closing(stream);
  return opened(libc.freopen(path, mode, stream), path, mode);
}

DATAMON_STANDS_IN(freopen64, FILE*, (const char* path, const char* mode, FILE* stream)) {
  closing(stream);
  return opened(libc.freopen64(path, mode, stream), path, mode);
}

DATAMON_STANDS_IN(fclose, int, (FILE * stream)) {
  closing(stream);
  return libc.fclose(stream);
}

DATAMON_STANDS_IN(fread, size_t, (void* to, size_t size, size_t count, FILE* stream)) {
  return read_items(libc.fread, to, size, count, stream);
}

DATAMON_STANDS_IN(fread_unlocked, size_t, (void* to, size_t size, size_t count, FILE* stream)) {
  return read_items(libc.fread_unlocked, to, size, count, stream);
}

// What _FORTIFY_SOURCE makes of them.
DATAMON_STANDS_IN(__fread_chk, size_t,
                  (void* to, size_t room, size_t size, size_t count, FILE* stream)) {
  return read_items(libc.fread_chk, to, size, count, stream, room);
}

DATAMON_STANDS_IN(__fread_unlocked_chk, size_t,
                  (void* to, size_t room, size_t size, size_t count, FILE* stream)) {
  return read_items(libc.fread_unlocked_chk, to, size, count, stream, room);
}

DATAMON_STANDS_IN(fgets, char*, (char* to, int room, FILE* stream)) {
  return read_text(to, room, stream, [=] { return libc.fgets(to, room, stream); });
}

DATAMON_STANDS_IN(__fgets_chk, char*, (char* to, size_t object, int room, FILE* stream)) {
  return read_text(to, room, stream, [=] { return libc.fgets_chk(to, object, room, stream); });
}

DATAMON_STANDS_IN(getline, ssize_t, (char** line, size_t* room, FILE* stream)) {
  return read_line(stream, '\n', [=] { return libc.getline(line, room, stream); });
}

DATAMON_STANDS_IN(getdelim, ssize_t, (char** line, size_t* room, int end, FILE* stream)) {
  return read_line(stream, end, [=] { return libc.getdelim(line, room, end, stream); });
}

DATAMON_STANDS_IN(__getdelim, ssize_t, (char** line, size_t* room, int end, FILE* stream)) {
  return read_line(stream, end, [=] { return libc.getdelim_2(line, room, end, stream); });
}

DATAMON_STANDS_IN(fgetc, int, (FILE * stream)) { return read_character(libc.fgetc, stream); }

DATAMON_STANDS_IN(getc, int, (FILE * stream)) { return read_character(libc.getc, stream); }

}  // namespace datamon::preload
