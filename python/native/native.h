/* datamon._native: the monitor's C API for Python, and the few types whose calls
 * happen once per item. Limited API of CPython 3.10: one binary for all later
 * versions.
 *
 * Everything here runs inside the user's job. Recording never fails a call: what
 * cannot be recorded is left out, and the result, exception or return value of
 * the wrapped code is passed on as it is.
 * Thread-safety: as datamon/monitor.h; objects of these types are immutable
 * after creation, or belong to one thread (Span). */
#ifndef DATAMON_PYTHON_NATIVE_H_
#define DATAMON_PYTHON_NATIVE_H_

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>
#include <structmember.h> /* after Python.h */

#define DATAMON_NO_ATTACH
#include <datamon/monitor.h>

/* The text of a path-like or str object, for the length of one call. */
typedef struct Text {
  PyObject* owner; /* may be NULL */
  const char* data;
  Py_ssize_t bytes;
} Text;

/* Never fails: what is no text is empty. Leaves no exception. */
Text text_of(PyObject* value);
void text_release(Text* text);

/* A number for a span's id; DATAMON_NO_ID for what is no number in range. */
uint64_t id_of(PyObject* value);

/* Bytes in a result: its length if it is bytes-like, 0 otherwise. */
uint64_t bytes_of(PyObject* value);

/* Ends a span while keeping an exception that may be set. */
void end_quietly(uint64_t span, uint64_t id, uint64_t bytes, PyObject* name);

/* The batch that the calling thread works on, and the latest file that it read
 * (a new reference, or NULL): set by the adapters, taken by Timed and TimedItems. */
uint64_t current_batch(void);
PyObject* take_file(void);
void set_file(PyObject* path);
void set_batch(uint64_t number);

/* Is the calling thread importing a module, and not in a loader's work? Leaves no
 * exception; next to nothing where no thread imports. */
int importing(void);

/* Each adds its types to the module; -1 with an exception set. */
int add_span_type(PyObject* module);
int add_timed_type(PyObject* module);
int add_around_type(PyObject* module);
int add_fetch_types(PyObject* module);
int add_importing(PyObject* module);
int add_resumed_types(PyObject* module);

/* Makes a type of `spec` and adds it to `module`; the type (borrowed), or NULL. */
PyObject* add_type(PyObject* module, PyType_Spec* spec);

#endif
